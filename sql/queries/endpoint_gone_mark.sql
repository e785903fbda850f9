-- Marks some events ($1) that were to be sent to an endpoint that is gone as dead. Returns how many; nothing when no endpoint
-- is to be done.
with job as (
    select id, authority_id from endpoint_gone order by at, id limit 1 for update skip locked
), marked as (
    update police_event e
    set dead_at = clock_timestamp(),
        error = case when u.revoked_at is null then 'endpoint removed' else 'authority revoked' end
    from job j join authority u on u.id = j.authority_id
    where e.id = any(array(select p.id from police_event p
                           where p.endpoint = (select id from job) and p.delivered_at is null and p.dead_at is null
                           limit $1))
      and e.delivered_at is null and e.dead_at is null
    returning 1
), done as (
    delete from endpoint_gone where id = (select id from job) and (select count(*) from marked) < $1
)
select (select count(*) from marked) from job;
