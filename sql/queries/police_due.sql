-- Authorities with something to send now, at most $2 and none of $1; in no order, so that none is always the last.
select o.authority_id
from authority_endpoint o join authority u on u.id = o.authority_id and u.revoked_at is null
where o.authority_id <> all($1::text[])
  and exists (select from (values (0), (1), (2)) as ranks (rank) cross join lateral (
                  select from police_event p
                  where p.endpoint = o.id and p.rank = ranks.rank and p.delivered_at is null and p.dead_at is null
                    and p.try_at <= now()
                  limit 1) due)
order by random() limit $2;
