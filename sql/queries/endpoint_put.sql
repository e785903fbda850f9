insert into authority_endpoint (authority_id, url, secret, passes_on)
select id, $2, $3, $4 from authority where id = $1 and revoked_at is null
on conflict (authority_id) do update set url = excluded.url, secret = excluded.secret, passes_on = excluded.passes_on,
                                         changed_at = clock_timestamp()
returning authority_id;
