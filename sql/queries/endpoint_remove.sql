-- What still was to be sent there goes nowhere: nothing is claimed for an endpoint that is gone, and it is marked by and by
-- (endpoint_gone_mark.sql), so that this takes no longer however much it is.
delete from authority_endpoint where authority_id = $1 returning authority_id;
