-- Says that what was made of the photo of an alert is not there any more ($2: its tag): it is wished again, or refused where
-- the police sent it without an address. Null when there is another one by now.
update case_photo
set state = case when coalesce(url, '') = '' then 'refused' else 'wanted' end, wish = next_wish(alert_id), attempts = 0,
    try_at = clock_timestamp(), fault = 'lost', tag = null, widths = null, heights = null
where alert_id = $1 and tag = $2 and state = 'made'
returning alert_id;
