select revision, action, wish::text as wish, person from proposal where alert_id = $1;
