-- Somebody decided: what is held goes on, up to so many people.
with freed as (
    update ring set held = null where alert_id = $1 and held is not null
)
update alert set audience_max = $2 where id = $1;
