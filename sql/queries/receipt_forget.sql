delete from webhook_receipt where received_at < now() - $1::interval;
