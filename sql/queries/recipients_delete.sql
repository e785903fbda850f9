-- Deletes at most $2 rows of recipients; the counts stay with the units.
with part as (
    select ctid from ledger where alert_id = $1 limit $2
)
delete from ledger l using part where l.ctid = part.ctid returning 1;
