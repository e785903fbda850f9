update alert set unverified = null where id = $1 and unverified is not null;
