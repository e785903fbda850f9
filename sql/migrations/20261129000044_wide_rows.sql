-- migrate:up
-- The rows of the ledger that reach over many shards: few, but they begin anywhere before a shard that is looked up.
create index ledger_wide on ledger (alert_id, notice, shard_from, shard_to) where shard_to - shard_from > 16;

-- migrate:down
drop index ledger_wide;
