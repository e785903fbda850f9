-- Has the page of an alert made anew, because its photo is another one: a statement of its own, since that changed the page.
update page set wanted = wanted + 1, changed_at = clock_timestamp(), attempts = 0
where alert_id = $1 returning pg_notify('page', '')::text;
