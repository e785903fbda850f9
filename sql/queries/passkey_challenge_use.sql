-- Uses a challenge up; returns nothing where it is unknown, used, over, or for anything else than this.
with used as (
    delete from passkey_challenge where challenge = $1 and person_id = $2 returning action, alert_id, detail, expires_at
)
select 1 from used
where action = $3 and alert_id is not distinct from $4::uuid and detail = $5 and expires_at > now();
