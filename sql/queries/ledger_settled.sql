-- Of `found` and `cancel`, what was sent since the alert was reopened last. Who was notified of an end is not notified of
-- the alert, even where that is uncertain: the update that it goes on says it all.
select packed from ledger
where alert_id = $1 and shard_from < $4 and shard_to > $3
  and notice = any(case when $2::text = 'alert' then array['alert', 'found', 'cancel'] else array[$2::text] end)
  and case when notice <> $2 then outcome in ('accepted', 'indeterminate')
           else outcome <> 'indeterminate'
                and (notice = 'alert' or message_version = $7
                     or (notice <> 'update'
                         and message_version > (select coalesce(max(n.version), 0) from notice n
                                                where n.alert_id = $1 and n.reopens and n.version < $7)))
                and not (outcome in ('invalid', 'quarantined') and lane <> $5)
                and not (outcome = 'invalid' and at < now() - $6::interval) end;
