select a.id, c.case_number, c.authority_id, a.status, a.state, a.received_at, a.deadline, a.expires,
       a.longitude, a.latitude, a.radius_km, a.estimate::text as estimate, a.sent_at
from alert a join child_case c on c.id = a.case_id
where $1::uuid is null or a.id = $1
order by a.received_at desc limit $2;
