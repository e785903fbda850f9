select review, grace_s from authority where id = $1;
