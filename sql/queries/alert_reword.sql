-- Another text before anybody was told.
update alert set content = $2::jsonb where id = $1;
