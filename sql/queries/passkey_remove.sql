update passkey set removed_at = now() where id = $1 and removed_at is null returning person_id;
