-- What was deleted stands in the files until its room is free: few rows would wait long for PostgreSQL's own cleaning.
vacuum (skip_locked) alert, audit_reason, child_case, proposal, ring, webhook_receipt;
