-- For how many seconds the oldest wish waits, by the clock of the record; 0 when there is none.
select coalesce(max(extract(epoch from clock_timestamp() - changed_at)), 0)::double precision
from page where made < wanted and changed_at <= clock_timestamp();
