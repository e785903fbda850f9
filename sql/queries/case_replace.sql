update child_case c set content = $2::jsonb, content_digest = $3 from alert a where a.id = $1 and c.id = a.case_id;
