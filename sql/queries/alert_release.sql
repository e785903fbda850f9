-- Somebody decided: these rings go on, up to so many people.
with freed as (
    update ring set held = null where alert_id = $1 and ring = any($3::smallint[])
)
update alert set audience_max = $2 where id = $1;
