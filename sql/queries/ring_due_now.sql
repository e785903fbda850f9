-- Makes planned rings around the alert's place due earlier.
update ring set due_at = $3, deadline = $4, decided_by = $5, reason = $6
where alert_id = $1 and ring <= $2 and due_at > $3 and held is null and longitude is null returning ring;
