-- Deletes some sightings ($2) of an alert that is over, whose data is due for deletion, with their photos and what was to be
-- sent of them; their objects went before. How many were reported and passed on stays with the counts of the page; to the
-- hour, so that it fits nobody. Returns how many it deleted.
with ended as (
    select id from alert where id = $1 and state in ('found', 'cancelled', 'expired') for no key update
), gone as (
    delete from sighting
    where id = any(array(select s.id from sighting s where s.alert_id = (select id from ended) limit $2))
    returning alert_id, received_at, state
), counted as (
    insert into page_count as p (alert_id, minute, channel, kind, count, weight)
    select alert_id, date_trunc('hour', received_at), 'other', kind, count(*), 1
    from gone cross join lateral (values ('report'), ('passed')) as k (kind)
    where kind = 'report' or state = 'passed'
    group by 1, 2, 4
    on conflict (alert_id, minute, channel, kind) do update set count = p.count + excluded.count
)
select count(*) from gone;
