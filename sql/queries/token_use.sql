-- A valid token, and for how long it stays valid. Its last use is written only when the stored one is older than $2: a
-- token in steady use costs one write in that time, for any number of processes.
with found as (
    select t.id, t.role, t.name, t.authority_id, t.person_id, t.expires_at - now() as left_over, t.last_used_at
    from bearer_token t left join authority a on a.id = t.authority_id
    where t.digest = $1 and t.revoked_at is null and t.expires_at > now() and a.revoked_at is null
), used as (
    update bearer_token set last_used_at = now()
    where id = (select id from found where last_used_at is null or last_used_at < now() - $2::interval)
)
select id, role, name, authority_id, person_id, left_over from found;
