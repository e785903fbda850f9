-- One more session of a token; of those that it has, the newest $4 stay. $5, $6: who signed in by an issuer, with what it
-- is asked again.
with kept as (
    select id from browser_session where token_id = $2 order by used_at desc limit $4
), gone as (
    delete from browser_session where token_id = $2 and id not in (select id from kept)
)
insert into browser_session (digest, token_id, expires_at, subject_id, grant_sealed, confirmed_at)
select $1, t.id, least(now() + $3::interval, t.expires_at), $5::bigint, $6::bytea,
       case when $5::bigint is not null then now() end
from bearer_token t where t.id = $2
returning id;
