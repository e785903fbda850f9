select authority_id, url, passes_on, changed_at from authority_endpoint order by authority_id limit $1;
