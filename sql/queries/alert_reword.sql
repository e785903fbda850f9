-- A new text before anyone was notified is a new revision: earlier approvals do not count for it. It waits for the
-- whole grace of its authority again, or for what was left of it if that is longer.
update alert a
set content = $2::jsonb, revision = a.revision + 1,
    send_at = case when a.send_at is not null then greatest(a.send_at, now() + u.grace_s * interval '1 second') end
from child_case c join authority u on u.id = c.authority_id
where a.id = $1 and c.id = a.case_id;
