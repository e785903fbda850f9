with gone as (delete from enrolled returning 1) select count(*) from gone;
