-- Lets others try a page again after $3, and once more when what was begun is written ($4 from now); it was held until $2.
-- No row: another publisher has it.
update page
set held_until = clock_timestamp() + $3::interval, settle_at = greatest(settle_at, clock_timestamp() + $4::interval)
where alert_id = $1 and held_until = $2 returning alert_id;
