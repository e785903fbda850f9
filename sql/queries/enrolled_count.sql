select count(*) from enrolled;
