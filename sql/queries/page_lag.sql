-- For how many seconds the oldest wish waits, or a page that is to be made once more, by the clock of the record; 0 when
-- there is none.
select coalesce(max(extract(epoch from clock_timestamp() - case when made < wanted and changed_at <= clock_timestamp()
                                                                then least(changed_at, settle_at) else settle_at end)),
                0)::double precision
from page where made < wanted and changed_at <= clock_timestamp() or settle_at <= clock_timestamp();
