select ring, radius_km, city, due_at, deadline, decided_by, reason, held, longitude, latitude, nearness
from ring where alert_id = $1 order by ring;
