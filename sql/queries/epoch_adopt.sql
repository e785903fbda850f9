-- Takes over the marks that Redis carries now; returns the shards whose mark was another one, each to one caller only.
with there as (
    select * from unnest($1::smallint[], $2::text[]) as t(shard, epoch)
), changed as (
    update index_epoch e set epoch = t.epoch, emptied_at = now() from there t
    where e.shard = t.shard and e.epoch <> t.epoch returning e.shard
), added as (
    insert into index_epoch (shard, epoch) select shard, epoch from there on conflict do nothing
)
select shard from changed order by shard;
