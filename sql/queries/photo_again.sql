-- Has the photo of a wish ($2) tried again after $3; `fault`: what it met.
update case_photo set try_at = clock_timestamp() + $3::interval, fault = $4
where alert_id = $1 and wish = $2 and state = 'wanted';
