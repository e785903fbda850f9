-- What the alerts of every authority that stands are bound by, but for the jurisdiction; $1 at most. `version`: another one
-- once anything of it was changed.
select id, xmin::text as version, jurisdiction is not null as limited, time_zone, asks
from authority where revoked_at is null order by id limit $1;
