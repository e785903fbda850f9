-- Whether the record knows of objects of an alert: pictures, what strangers sent, or a page that does not say that it is over.
select exists (select from case_photo where alert_id = $1 and state = 'made')
       or exists (select from sighting where alert_id = $1)
       or exists (select from page where alert_id = $1 and first_made_at is not null and not (over and made >= wanted));
