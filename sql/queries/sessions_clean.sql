with links as (
    delete from sign_in_link where expires_at < now()
), challenges as (
    delete from passkey_challenge where expires_at < now()
)
delete from browser_session where expires_at < now() or used_at < now() - $1::interval;
