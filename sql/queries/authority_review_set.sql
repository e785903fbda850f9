update authority set review = $2, grace_s = coalesce($3, grace_s) where id = $1 returning id;
