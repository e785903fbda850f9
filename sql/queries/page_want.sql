-- Wishes a page once more, by a publisher that lost it and may have written what was older than what is there; and again
-- when all that it had begun is written ($2 from now).
update page
set wanted = wanted + 1, changed_at = clock_timestamp(), settle_at = greatest(settle_at, clock_timestamp() + $2::interval)
where alert_id = $1 returning alert_id;
