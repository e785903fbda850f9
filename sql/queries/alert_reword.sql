-- Another text before anybody was notified is not what was approved: another revision. It has the whole grace of its authority
-- before it, or what was left if that is more.
update alert a
set content = $2::jsonb, revision = a.revision + 1,
    send_at = case when a.send_at is not null then greatest(a.send_at, now() + u.grace_s * interval '1 second') end
from child_case c join authority u on u.id = c.authority_id
where a.id = $1 and c.id = a.case_id;
