-- How many sightings were reported of an alert, and how many of them were passed on to the police.
select coalesce(sum(count) filter (where kind = 'report'), 0)::bigint as reported,
       coalesce(sum(count) filter (where kind = 'passed'), 0)::bigint as passed_on
from page_count where alert_id = $1 and kind in ('report', 'passed');
