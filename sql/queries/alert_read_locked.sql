select a.state, a.status, c.authority_id, c.case_number, a.version, a.review, a.received_at, a.deadline, a.expires,
       a.revision, a.through_alert,
       a.sent_at is not null or exists (select from ledger l where l.alert_id = a.id) as notified,
       a.longitude, a.latitude, a.city, a.city_polygon, a.jurisdiction, a.content::text as content, a.audience_max,
       a.estimate::text as estimate,
       exists (select from proposal p where p.alert_id = a.id) as proposed,
       case when a.state in ('found', 'cancelled') then exists (
                select from sweep s where s.alert_id = a.id and s.version = a.version and s.due_at = 'infinity')
            else exists (select from ring r where r.alert_id = a.id and r.held is not null) end as held, a.verified,
       array(select i.authority_id from case_authority i where i.case_id = a.case_id and i.countersigned_at is not null
             order by i.authority_id) as countersigned
from alert a join child_case c on c.id = a.case_id where a.id = $1;
