-- Whether an alert has a page that does not say that it is over, as far as the record knows; null when nobody made one.
select not over from page where alert_id = $1 and first_made_at is not null;
