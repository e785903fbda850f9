-- Users ($1) of shards ($2) prefer $3 from now on. A user's moments only go forward, so that the newest is known; one that
-- is far ahead comes back. Rows are locked in the order of their key, as by all statements.
insert into preference (user_id, shard, content)
select * from unnest($1::bigint[], $2::smallint[], $3::text[]) as t(user_id, shard, content) order by user_id
on conflict (user_id) do update
set content = excluded.content, shard = excluded.shard,
    changed_at = greatest(clock_timestamp(),
                          least(preference.changed_at, clock_timestamp() + interval '1 day') + interval '1 microsecond')
returning user_id, (extract(epoch from changed_at) * 1000000)::bigint, content;
