-- Says that there will be no photo of a wish ($2), and why ($3); null when there is a newer wish.
update case_photo set state = 'refused', fault = $3, given = null where alert_id = $1 and wish = $2 and state = 'wanted'
returning alert_id;
