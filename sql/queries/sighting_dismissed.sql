-- Sightings that were dismissed longer than $1 ago, whose photos nobody needs any more: the police were not told of them, and
-- are not about to be. At most $2.
select s.alert_id, s.id
from sighting_total t join sighting s on s.alert_id = t.alert_id and s.state = t.state
where t.state = 'dismissed' and t.count > 0 and s.decided_at < now() - $1::interval
  and exists (select from sighting_photo p where p.sighting_id = s.id)
  and not exists (select from police_event e
                  where e.sighting_id = s.id and (e.delivered_at is not null or e.dead_at is null))
limit $2;
