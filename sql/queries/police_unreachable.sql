-- Authorities that do not take what they are told: how many events failed more than $1 times, or are dead.
select authority_id, count(*) from police_event
where delivered_at is null and (dead_at is not null and error is distinct from 'endpoint removed' or attempts > $1)
group by authority_id order by 1 limit 200;
