insert into webhook_receipt (authority_id, webhook_id, body_digest, answer_status, answer, received_at)
values ($1, $2, $3, $4, $5, $6);
