-- migrate:up
-- When a user agreed to be reached by exercises, as the platform or an operator says; null: enrolled before that was
-- asked for. A server of the version before enrols without it.
alter table enrolled add column consented_at timestamptz;

-- A digest of a message, or of the body of a webhook, lets its holder test guesses of what is deleted.
update cap_message m set digest = null from alert a where a.id = m.alert_id and a.child_deleted_at is not null;
update webhook_receipt w set body_digest = sha256(w.body_digest || gen_random_uuid()::text::bytea)
from alert a
where a.child_deleted_at is not null and w.answer_status in (200, 202)
  and a.id::text in (convert_from(w.answer, 'UTF8')::jsonb #>> '{alert,id}',
                     convert_from(w.answer, 'UTF8')::jsonb #>> '{draft,id}');

-- migrate:down
alter table enrolled drop column consented_at;
