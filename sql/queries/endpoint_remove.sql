-- What still was to be sent there goes nowhere.
with left_over as (
    update police_event set dead_at = clock_timestamp(), error = 'endpoint removed'
    where authority_id = $1 and delivered_at is null and dead_at is null
)
delete from authority_endpoint where authority_id = $1 returning authority_id;
