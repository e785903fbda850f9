-- Locks what is sent because of what the token $1 did to it, where nobody else has resumed it since.
select a.id from alert a
where a.state in ('sending', 'sent')
  and exists (select from audit_event e
              where e.alert_id = a.id and (e.content::jsonb -> 'event' ->> 'token')::bigint = $1
                and e.content::jsonb -> 'event' ->> 'action'
                    in ('approval', 'update', 'rings', 'extension', 'release', 'resume', 'reopen')
                and not exists (select from audit_event o
                                where o.alert_id = a.id and o.seq > e.seq
                                  and o.content::jsonb -> 'event' ->> 'action' = 'resume'
                                  and (o.content::jsonb -> 'event' ->> 'token')::bigint <> $1))
order by a.id for no key update of a;
