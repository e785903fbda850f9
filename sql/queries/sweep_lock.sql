-- Locks those of these sweeps ($1) that nobody has locked: they are closed next, and whoever opens a unit of them meanwhile
-- waits for that.
select id from sweep where id = any($1::bigint[]) order by id for update skip locked;
