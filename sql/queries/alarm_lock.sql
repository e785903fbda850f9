-- The rows of the alarm of which this is one ($1), locked, one of them acknowledged first if any is.
select a.id, a.kind, a.lane, a.alert_id, a.about, a.detail, a.raised_at, a.acknowledged_at, a.acknowledged_by, a.note
from alarm a where a.subject = (select subject from alarm where id = $1)
order by a.acknowledged_at desc nulls last, a.id for update;
