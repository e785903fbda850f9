update alert set review = $2, send_at = null where id = $1;
