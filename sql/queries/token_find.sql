-- A valid token, for how long it stays valid, and whether its last use is older than $2: then it is noted again. A token in
-- steady use costs one write in that time, for any number of processes; a record that takes no writes still finds it.
select t.id, t.role, t.name, t.authority_id, t.person_id, t.expires_at - now() as left_over,
       t.last_used_at is null or t.last_used_at < now() - $2::interval as due
from bearer_token t left join authority a on a.id = t.authority_id
where t.digest = $1 and t.revoked_at is null and t.expires_at > now() and a.revoked_at is null;
