-- How many sightings were reported of an alert, and how many of them were passed on to the police: those that are there, and
-- those that were deleted with the child's data.
select (select coalesce(sum(count), 0) from sighting_total where alert_id = $1)::bigint
       + coalesce(sum(count) filter (where kind = 'report'), 0)::bigint as reported,
       (select coalesce(sum(count), 0) from sighting_total where alert_id = $1 and state = 'passed')::bigint
       + coalesce(sum(count) filter (where kind = 'passed'), 0)::bigint as passed_on
from page_count where alert_id = $1 and kind in ('report', 'passed');
