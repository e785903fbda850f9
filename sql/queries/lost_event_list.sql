-- Those of these events (number $1, digest $2) that are noted as lost.
select l.seq, l.digest from unnest($1::bigint[], $2::bytea[]) as e(seq, digest)
join lost_event l on l.seq = e.seq and l.digest = e.digest;
