-- When the newest accepted message about an alert was sent.
select max(sent) from cap_message where alert_id = $1;
