select content::text as content, status, expires from alert where id = $1;
