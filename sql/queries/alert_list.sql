select a.id, c.case_number, c.authority_id, a.status, a.state, a.received_at, a.deadline, a.expires,
       a.longitude, a.latitude, a.city, a.policy, a.estimate::text as estimate, a.swept_at, a.entered_at, a.sent_at, a.verified,
       a.unverified, a.unverified_messages, a.review, a.send_at, a.version, a.ended_at, a.through_alert, a.audience_max,
       a.child_deleted_at, a.recipients_deleted_at, a.distrusted_at, a.subject_kind, a.held_for, a.area_version,
       array(select i.authority_id from case_authority i where i.case_id = a.case_id and i.countersigned_at is null
             order by i.authority_id) as invited,
       array(select i.authority_id from case_authority i where i.case_id = a.case_id and i.countersigned_at is not null
             order by i.countersigned_at, i.authority_id) as countersigned,
       array(select p.name from counted_approval p where p.alert_id = a.id and p.revision = a.revision
             order by p.at, p.name) as approvals,
       a.revision,
       (select jsonb_build_object('action', p.action, 'by', p.by, 'at', p.at, 'reason', p.reason,
                                  'is_valid', p.token_id is null or exists (select from valid_token t where t.id = p.token_id))
               -- Named one by one: all else in it is of the child.
               || jsonb_strip_nulls(jsonb_build_object(
                   'radius_km', coalesce(p.change_request -> 'radius_km', p.change_request #> '{area,radius_km}'),
                   'city', coalesce(p.change_request -> 'city', p.change_request #> '{area,city}'),
                   'people', coalesce(p.change_request -> 'people', p.change_request #> '{area,people}'),
                   'longitude', coalesce(p.change_request -> 'longitude', p.change_request #> '{area,longitude}'),
                   'latitude', coalesce(p.change_request -> 'latitude', p.change_request #> '{area,latitude}'),
                   'hours', p.change_request -> 'hours', 'expires', p.change_request -> 'expires',
                   'parts', p.change_request -> 'parts'))
        from proposal p where p.alert_id = a.id and a.state in ('sending', 'sent', 'paused'))::text as proposal,
       coalesce((select jsonb_agg(jsonb_build_object(
           'ring', r.ring, 'radius_km', r.radius_km, 'city', r.city, 'due_at', r.due_at, 'deadline', r.deadline,
           'decided_by', r.decided_by, 'reason', r.reason, 'held', r.held, 'longitude', r.longitude,
           'latitude', r.latitude, 'nearness', r.nearness) order by r.ring)
           from ring r where r.alert_id = a.id), '[]')::text as rings,
       exists (select from sweep s join sweep_unit u on u.sweep_id = s.id
               where s.alert_id = a.id and (s.notice <> 'alert' or a.state in ('sending', 'sent')) and not u.done
                 and (u.passes > 0 or s.notice <> 'alert')
                 and may_send(a.state, a.version, s.notice,
                              case when s.notice in ('alert', 'reminder') then a.version else s.version end)
                 and (s.notice <> 'reminder' or s.begun_at is not null) and s.due_at < 'infinity') as busy,
       a.state in ('found', 'cancelled') and exists (
           select from sweep s where s.alert_id = a.id and s.version = a.version and s.due_at = 'infinity') as notice_held,
       a.changed::text as changed
from alert a join child_case c on c.id = a.case_id
where a.id = any($1::uuid[])
order by array_position($1::uuid[], a.id);
