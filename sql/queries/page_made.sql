-- Says that the objects of a page are those of the wish $3, by the publisher that holds it until $2. $4: there is a page;
-- $5: it says that the alert is over. $6: when this attempt began; what settles later settles still. $7: how many views of
-- it a beacon stands for, from its first publication on. No row: another publisher has it.
update page
set made = greatest(made, $3), made_at = clock_timestamp(), over = $5, attempts = 0, held_until = null,
    settle_at = case when settle_at > $6 then settle_at end,
    sample = case when first_made_at is null then $7 else sample end,
    first_made_at = case when $4 then coalesce(first_made_at, clock_timestamp()) else first_made_at end
where alert_id = $1 and held_until = $2
returning alert_id;
