-- Locks the alerts that ended whose notice may still reach somebody, and is not held, where the end was said last by $1, an
-- actor of the trail, or with the token $2; where a certificate is named, and has a message that it signed.
select a.id from alert a join notice n on n.alert_id = a.id and n.version = a.version
cross join lateral (
    select e.content::jsonb -> 'event' as event from audit_event e
    where e.alert_id = a.id and e.content::jsonb -> 'event' ->> 'action' in ('found', 'cancel')
    order by e.seq desc limit 1
) said
where a.state in ('found', 'cancelled') and a.recipients_deleted_at is null
  and (said.event ->> 'actor' = $1::text or (said.event ->> 'token')::bigint = $2::bigint)
  and ($3::text is null or exists (select from cap_message m
                                   where m.alert_id = a.id and coalesce(m.certificate, $3) = $3))
  and exists (select from sweep s
              where s.alert_id = a.id and s.version = a.version and s.notice in ('found', 'cancel')
                and s.due_at < 'infinity'
                and (n.at > now() - interval '1 day'
                     or exists (select from sweep_unit u where u.sweep_id = s.id and not u.done)))
order by a.id for no key update of a;
