-- $1 to $3: alerts, lanes and how many recipients were settled, in rows; $4: how long a span is. Of several processes that
-- note the same span the most that was settled stands. An alert that a failover lost has no history.
insert into rate_sample (alert_id, lane, span, at, settled)
select g.alert_id, g.lane,
       date_bin($4, now(), 'epoch') - case when g.settled = 0 then interval '1 microsecond' else interval '0' end,
       clock_timestamp(), g.settled
from unnest($1::uuid[], $2::text[], $3::bigint[]) as g (alert_id, lane, settled)
join alert a on a.id = g.alert_id
order by g.alert_id, g.lane
on conflict (alert_id, lane, span) do update set settled = excluded.settled, at = excluded.at
    where rate_sample.settled < excluded.settled;
