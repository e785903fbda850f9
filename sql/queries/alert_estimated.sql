update alert set estimate = $2::jsonb where id = $1;
