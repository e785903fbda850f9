select exists (select from alert_author where alert_id = $1 and name = $2);
