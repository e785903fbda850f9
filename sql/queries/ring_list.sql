select ring, radius_km, city, due_at, deadline, decided_by, reason, held from ring where alert_id = $1 order by ring;
