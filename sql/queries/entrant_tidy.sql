-- Deletes up to $1 entrants of alerts that notify nobody any more.
delete from entrant e
where e.ctid in (
    select one.ctid from entrant one
    where not exists (select from alert a where a.id = one.alert_id and a.expires > now()
                      and a.state in ('sending', 'sent', 'paused'))
    limit $1 for update skip locked);
