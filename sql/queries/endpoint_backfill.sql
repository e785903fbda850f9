-- Writes events of some sightings ($1) that came before an endpoint, from the newest on. What was told, is about to be, or was
-- given up after a day is not told again. Returns how many sightings it looked at; nothing when there is nothing to do.
with job as (
    select b.authority_id, b.alert_id, b.state, b.after_at, b.after_id, e.id as endpoint, e.passes_on
    from endpoint_backfill b join authority_endpoint e on e.authority_id = b.authority_id
    order by b.authority_id, b.alert_id, b.state limit 1
    for update of b skip locked
), batch as (
    select s.id, s.received_at, s.proved
    from job j cross join lateral (
        select s.id, s.received_at, s.proved from sighting s
        where s.alert_id = j.alert_id and s.state = j.state
          and (j.after_at is null or s.received_at <= j.after_at and (s.received_at < j.after_at or s.id > j.after_id))
        order by s.received_at desc, s.id limit $1
    ) s
), written as (
    insert into police_event (authority_id, alert_id, sighting_id, event, alert_state, endpoint, rank)
    select j.authority_id, a.id, s.id, 'sighting.reported', a.state, j.endpoint,
           case when j.state = 'passed' then 0 when s.proved then 1 else 2 end
    from batch s cross join job j join alert a on a.id = j.alert_id
    where (j.state = 'passed' or j.passes_on = 'all' and not search_is_over(a.state))
      and not exists (select from police_event o
                      where o.sighting_id = s.id and o.authority_id = j.authority_id
                        and (o.delivered_at is not null or o.dead_at is null and o.endpoint = j.endpoint
                             or o.dead_at is not null and coalesce(o.error, '') not in ('endpoint removed', 'the search is over')))
), last as (
    select received_at, id from batch order by received_at, id desc limit 1
), moved as (
    update endpoint_backfill b set after_at = last.received_at, after_id = last.id
    from job j cross join last
    where b.authority_id = j.authority_id and b.alert_id = j.alert_id and b.state = j.state
      and (select count(*) from batch) = $1
), done as (
    delete from endpoint_backfill b using job j
    where b.authority_id = j.authority_id and b.alert_id = j.alert_id and b.state = j.state
      and (select count(*) from batch) < $1
)
select (select count(*) from batch) from job;
