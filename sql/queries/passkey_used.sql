update passkey set signs = $2, used_at = now() where id = $1;
