select case_id from alert where id = $1;
