-- Revokes an authority; what goes to it ends with its endpoint, in the same transaction.
with revoked as (
    update authority set revoked_at = now() where id = $1 and revoked_at is null returning id
), removed as (
    delete from authority_endpoint e using revoked r where e.authority_id = r.id
)
select id from revoked;
