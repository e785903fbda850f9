-- Lets others try a page again after $3; it was held until $2. It stays known that an attempt has failed. No row: another
-- publisher has it.
update page set held_until = clock_timestamp() + $3::interval where alert_id = $1 and held_until = $2 returning alert_id;
