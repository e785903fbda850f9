-- Whether shards were emptied within $1, and how many.
select count(*) from index_epoch where emptied_at > now() - $1::interval;
