-- Deleted rows stay in the files until a vacuum: PostgreSQL's own would come late, because they are few.
vacuum (skip_locked) alert, audit_reason, case_photo, case_sealed, child_case, police_event, proposal, ring, sighting,
       sighting_photo, webhook_receipt;
