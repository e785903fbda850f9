-- Entrants are locked in the order of their key, as by all statements.
with chosen as (
    select user_id, alert_id from entrant where user_id = any($1::bigint[]) order by user_id, alert_id for update
), entered as (
    delete from entrant e using chosen c where e.user_id = c.user_id and e.alert_id = c.alert_id
), preferring as (
    select user_id from preference where user_id = any($1::bigint[]) order by user_id for update
), preferred as (
    delete from preference p using preferring c where p.user_id = c.user_id
)
insert into forgotten_user (user_id) select distinct unnest($1::bigint[])
on conflict (user_id) do update set at = now();
