select revision, action, change_request::text as change_request, person from proposal where alert_id = $1;
