-- The alerts that a transaction changed which was not over when they were read last ($1), and from which one on to read
-- the next time: a transaction that began early may end late.
select a.id, horizon.xmin::text as since
from (select pg_snapshot_xmin(pg_current_snapshot()) as xmin) horizon
left join alert a on a.changed >= $1::text::xid8;
