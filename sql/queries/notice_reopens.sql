select reopens from notice where alert_id = $1 and version = $2;
