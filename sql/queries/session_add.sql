-- One more session of a token; of those that it has, the newest $4 stay.
with kept as (
    select id from browser_session where token_id = $2 order by used_at desc limit $4
), gone as (
    delete from browser_session where token_id = $2 and id not in (select id from kept)
)
insert into browser_session (digest, token_id, expires_at)
select $1, t.id, least(now() + $3::interval, t.expires_at) from bearer_token t where t.id = $2
returning id;
