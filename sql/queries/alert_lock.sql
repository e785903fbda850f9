select 1 from alert where id = $1 for update;
