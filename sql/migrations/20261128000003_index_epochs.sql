-- migrate:up
-- The mark that Redis carries for each shard of the index. A shard with another mark, or none, has lost its people since:
-- that nobody is found in it then says nothing. emptied_at: when that was noticed last.
create table index_epoch (
    shard smallint primary key,
    epoch text not null,
    emptied_at timestamptz
);

-- migrate:down
drop table index_epoch;
