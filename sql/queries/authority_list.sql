select a.id, a.name, a.created_at, a.revoked_at, a.jurisdiction is not null as limited, a.review, a.time_zone,
       count(s.id) filter (where s.expires_at is null or s.expires_at > now()) as secrets
from authority a left join authority_secret s on s.authority_id = a.id
where a.id <> ''
group by a.id order by a.id;
