delete from webhook_receipt where authority_id = $1 and webhook_id = $2;
