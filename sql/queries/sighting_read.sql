select s.id, s.alert_id, s.receipt, s.received_at, s.state, s.seen_at, s.longitude, s.latitude, s.accuracy_m, s.distance_km,
       s.content, s.stack, s.proved, s.revision, s.decided_by, s.decided_at, s.duplicate_of,
       (select count(*) from sighting t where t.stack = s.stack) as alike
from sighting s where s.alert_id = $1 and s.id = $2;
