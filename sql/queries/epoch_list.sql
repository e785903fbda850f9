select shard, epoch from index_epoch;
