-- Says that the objects of a page are those of the wish $3, by the publisher that holds it until $2. $4: there is a page;
-- $5: it says that the alert is over. $6: when it is to be made once more, because something that was begun before may
-- still be written; null: never. $7: how many
-- views of it a beacon stands for, from its first publication on. No row: another publisher has it.
update page
set made = greatest(made, $3), made_at = clock_timestamp(), over = $5, attempts = 0, held_until = null,
    sample = case when first_made_at is null then $7 else sample end,
    first_made_at = case when $4 then coalesce(first_made_at, clock_timestamp()) else first_made_at end,
    wanted = case when $6::interval is not null and wanted = $3 then wanted + 1 else wanted end,
    changed_at = case when $6::interval is not null and wanted = $3 then clock_timestamp() + $6::interval else changed_at end
where alert_id = $1 and held_until = $2
returning alert_id;
