insert into child_case (authority_id, case_number, content_digest, content, received_at)
values ($1, $2, $3, $4::jsonb, $5) returning id;
