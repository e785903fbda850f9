-- One row with the certificates of an authority, at most $2: those that have not expired, then those pinned last; none
-- when it is unknown or revoked. An expired one still tells its sender that it has expired.
select coalesce(array_agg(c.pem order by c.pinned_at desc, c.fingerprint) filter (where c.pem is not null), '{}') as pems
from authority a left join lateral (
    select pem, pinned_at, fingerprint from authority_certificate
    where authority_id = a.id order by (not_after > now()) desc, pinned_at desc, fingerprint limit $2
) c on true
where a.id = $1 and a.revoked_at is null group by a.id;
