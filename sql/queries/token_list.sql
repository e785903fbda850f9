select id, name, role, created_at, revoked_at from bearer_token order by id;
