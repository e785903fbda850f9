-- Whether a message has been taken from an authority already.
select exists (select from cap_message where authority_id = $1 and sender = $2 and identifier = $3 and sent = $4);
