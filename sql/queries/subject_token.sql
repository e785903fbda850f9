-- The tokens in whose name a subject acts, which are valid: one, but while a role changes.
select t.id, t.role, t.authority_id from valid_token v join bearer_token t on t.id = v.id
where t.subject_id = $1 order by t.id for update of t;
