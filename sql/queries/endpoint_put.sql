-- Sets where an authority is told. What came before is told as well, by and by (endpoint_backfill.sql): what was passed on and
-- reached nobody, and where all is told also what nobody has decided. Waits for who revokes the authority, or is waited for.
with put as (
    insert into authority_endpoint (authority_id, url, secret, passes_on)
    select id, $2, $3, $4 from authority where id = $1 and revoked_at is null for no key update
    on conflict (authority_id) do update set url = excluded.url, secret = excluded.secret, passes_on = excluded.passes_on,
                                             changed_at = clock_timestamp()
    returning authority_id, passes_on
), again as (
    insert into endpoint_backfill (authority_id, alert_id, state)
    select put.authority_id, a.id, states.state
    from put join child_case c on c.authority_id = put.authority_id join alert a on a.case_id = c.id
         cross join (values ('new'), ('passed')) as states (state)
    where not search_is_over(a.state) and (states.state = 'passed' or put.passes_on = 'all')
    on conflict (authority_id, alert_id, state) do update set after_at = null, after_id = null
)
select authority_id from put;
