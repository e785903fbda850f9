-- Keeps how a case ended: what is not said now stays as it was.
update alert set outcome = coalesce($2::text, outcome), after_action = coalesce($3::jsonb, after_action) where id = $1;
