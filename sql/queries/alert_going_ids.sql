-- The alerts that move by themselves, up to $1, without a look at their units: those that go on or wait, and those that ended
-- within a day, whose notices are sent again. For where something of one of them is refused.
select id from alert
where state in ('in_review', 'scheduled', 'sending', 'sent', 'paused') or ended_at > now() - interval '1 day'
order by received_at desc limit $1;
