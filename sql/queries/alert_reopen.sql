-- Lets an alert that ended begin again: its review, its thirty minutes, its life, and what was left to do. What was
-- approved, and how it ended, counts no longer.
with again as (
    update ring set deadline = greatest(due_at, $5::timestamptz) + $6::interval where alert_id = $1
), left_over as (
    -- Whoever is about to close these has looked at an alert that had ended: so each is written, whatever it says.
    update sweep s set open = true
    where s.alert_id = $1 and s.notice = 'alert'
      and exists (select from sweep_unit u where u.sweep_id = s.id and not u.done)
)
update alert
set review = $2, send_at = $3, expires = $4, deadline = $5::timestamptz + $6::interval, revision = revision + 1,
    extended = extended || clock_timestamp(), through_alert = null, outcome = null, after_action = null
where id = $1;
