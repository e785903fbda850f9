-- Holds the notice of an alert's end: it is not due any more, so that no unit of it is claimed, and those held are given up.
update sweep s set due_at = 'infinity'
from alert a
where a.id = $1 and s.alert_id = a.id and s.version = a.version and s.notice in ('found', 'cancel');
