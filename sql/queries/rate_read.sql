-- The newest $2 rows of an alert, oldest first.
select lane, at, settled from (
    select r.lane, r.span, r.at, r.settled from rate_sample r where r.alert_id = $1
    order by r.span desc, r.lane limit $2
) newest order by span, lane;
