-- In which of these lanes ($1) some entrant is due, of whatever alert: one reading of those who are noted, for all lanes.
select distinct lane from entrant where due_at <= now() and lane = any($1::text[]);
