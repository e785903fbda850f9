-- Wishes a page once more, by a publisher that may have written what was older than what is there.
update page set wanted = wanted + 1, changed_at = clock_timestamp() where alert_id = $1 returning alert_id;
