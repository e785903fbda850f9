delete from forgotten_user where at < now() - $1::interval;
