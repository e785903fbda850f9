-- What is due of an authority ($1), at most $2; nobody else tries it for $3. `over`: it is about a sighting that nobody passed
-- on, and the search is over.
with due as (
    select e.id
    from authority_endpoint o join authority u on u.id = o.authority_id and u.revoked_at is null
         cross join (values (0), (1), (2)) as ranks (rank)
         cross join lateral (
             select p.id, p.rank, p.try_at from police_event p
             where p.endpoint = o.id and p.rank = ranks.rank and p.delivered_at is null and p.dead_at is null
               and p.try_at <= now()
             order by p.try_at limit $2
             for update skip locked
         ) e
    where o.authority_id = $1
    order by e.rank, e.try_at limit $2
)
update police_event e set try_at = clock_timestamp() + $3::interval, attempts = e.attempts + 1
from due, authority_endpoint o, alert a, child_case c
where e.id = due.id and o.authority_id = e.authority_id and a.id = e.alert_id and c.id = a.case_id
returning e.id, e.authority_id, e.alert_id, e.sighting_id, e.event, e.alert_state, e.created_at, e.attempts, o.url, o.secret,
          c.case_number, a.status,
          search_is_over(a.state) and exists (select from sighting s where s.id = e.sighting_id and s.state <> 'passed');
