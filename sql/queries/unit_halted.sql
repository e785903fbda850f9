-- The time by the record's clock, and those of these units that may no longer be sent, or that are not the owner's any more
-- ($2): PostgreSQL forgets a claim in a crash, because a claim does not wait for the disk; and a record that went back may
-- not know the unit. One row without a unit where there is none.
select clock_timestamp(), halted.id, halted.lost
from (values (1)) one
left join (
    select held.id, u.lease_owner is distinct from $2 as lost
    from unnest($1::bigint[]) held (id)
    left join sweep_unit u on u.id = held.id
    left join sweep s on s.id = u.sweep_id
    left join alert a on a.id = s.alert_id
    left join ring r on r.alert_id = s.alert_id and r.ring = s.ring
    where u.lease_owner is distinct from $2
          or not (may_send(a.state, a.version, s.notice, u.message_version) and r.held is null and s.due_at < 'infinity')
) halted on true;
