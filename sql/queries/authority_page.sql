-- Authorities after $1 by id, or the one with the id $3 alone: how each is reviewed, and what of it ends when. `newest`
-- and `newest_at` are of its newest secret.
select a.id, a.name, a.created_at, a.revoked_at, a.jurisdiction is not null as limited, a.review, a.grace_s,
       a.time_zone, a.asks, s.standing, s.newest, s.newest_at, c.pinned, c.first_end
from authority a
left join lateral (
    select count(*) filter (where expires_at is null or expires_at > now()) as standing,
           max(id) as newest, max(created_at) as newest_at
    from authority_secret where authority_id = a.id
) s on true
left join lateral (
    select count(*) as pinned, min(not_after) filter (where not_after > now()) as first_end
    from authority_certificate where authority_id = a.id
) c on true
where a.id <> '' and a.id > $1 and ($3::text is null or a.id = $3)
order by a.id limit $2;
