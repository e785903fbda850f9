-- What people did on the page of an alert, by channel and kind: how often it was counted, and for how many each stands.
select channel, kind, sum(count)::bigint as count, max(weight) as weight
from page_count where alert_id = $1 group by channel, kind order by channel, kind;
