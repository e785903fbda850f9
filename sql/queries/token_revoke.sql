-- What waits for approval is looked at again: approvals of this token count no longer.
with revoked as (
    update bearer_token set revoked_at = now() where id = $1 and revoked_at is null returning id
), touched as (
    update approval p set token_id = p.token_id from revoked r, alert a
    where p.token_id = r.id and a.id = p.alert_id and p.revision = a.revision
), proposed as (
    update proposal p set token_id = p.token_id from revoked r where p.token_id = r.id
)
select id from revoked;
