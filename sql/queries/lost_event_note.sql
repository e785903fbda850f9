-- Notes events (number $1, digest $2) that the record had and lost, after all was paused because of them.
insert into lost_event (seq, digest) select * from unnest($1::bigint[], $2::bytea[]) on conflict do nothing;
