-- Uses a link up; returns the digest of its token.
with used as (
    delete from sign_in_link where digest = $1 and expires_at > now() returning token_id
)
select t.id, t.digest from used u join bearer_token t on t.id = u.token_id;
