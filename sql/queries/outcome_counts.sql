-- How alerts ended, read from an index of those that did. Exercises and tests are not in it.
select outcome, through_alert, count(*) as alerts
from alert where status = 'actual' and ended_at is not null
group by outcome, through_alert order by outcome, through_alert;
