-- Which sweeps of these lanes ($1) are open and due, up to $2, without a look at their units: for where one of those cannot
-- be read.
select id, lane, alert_id from sweep where open and lane = any($1::text[]) and due_at <= now() order by id limit $2;
