select coalesce(max(id), 0) from bearer_token;
