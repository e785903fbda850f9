-- The time zone in which the texts of an alert ($1) give times; null where its content names none.
select content ->> 'time_zone' from alert where id = $1;
