-- One row with an authority's certificates; none when it is unknown or revoked.
select coalesce(array_agg(c.pem order by c.pinned_at desc) filter (where c.pem is not null), '{}') as pems
from authority a left join authority_certificate c on c.authority_id = a.id
where a.id = $1 and a.revoked_at is null group by a.id;
