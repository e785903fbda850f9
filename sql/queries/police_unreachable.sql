-- Authorities that do not take what they are told: an event failed more than twice, or is dead and was not given up by us.
select o.authority_id
from authority_endpoint o
where exists (select from police_event e
              where e.authority_id = o.authority_id and e.delivered_at is null
                and (e.attempts > 2 or e.dead_at is not null)
                and coalesce(e.error, '') not in ('endpoint removed', 'authority revoked', 'the search is over'))
order by 1 limit 200;
