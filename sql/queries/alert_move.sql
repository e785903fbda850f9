update alert
set state = $2,
    ended_at = case when $2 in ('found', 'cancelled', 'expired') then coalesce(ended_at, clock_timestamp())
                    when $2 = 'closed' then ended_at end,
    through_alert = coalesce($3::boolean, through_alert),
    distrusted_at = case when $2 in ('in_review', 'paused') then distrusted_at end,
    next_sweep_at = case when $2 in ('sending', 'sent', 'paused') then next_sweep_at end
where id = $1;
