select coalesce(sum(recipients), 0)::bigint as recipients, coalesce(sum(length(packed)), 0)::bigint as packed_bytes
from ledger where alert_id = $1;
