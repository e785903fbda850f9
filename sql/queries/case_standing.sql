-- The case behind an alert, what the alert says, how far it reaches, and what waits for approval.
select c.content::text as case, c.content_digest, a.content::text as content, a.revision, a.longitude, a.latitude,
       (select max(r.radius_km) from ring r where r.alert_id = a.id) as radius_km, a.expires,
       (select p.change_request::text from proposal p where p.alert_id = a.id) as change_request
from alert a join child_case c on c.id = a.case_id where a.id = $1;
