-- Whether an authority has an address at which it is told.
select exists (select from authority_endpoint where authority_id = $1);
