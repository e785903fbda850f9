select status from alert where id = $1;
