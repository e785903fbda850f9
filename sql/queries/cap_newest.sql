-- When the newest message about an alert was sent that was taken.
select max(sent) from cap_message where alert_id = $1;
