-- Lets the held notice of an alert's end go on.
update sweep set due_at = now() where alert_id = $1 and due_at = 'infinity';
