-- Keeps of these alerts ($1) the last row of each span of $3 that is older than $2, and the first row of all.
delete from rate_sample r using (
    select alert_id, lane, span,
           row_number() over (partition by alert_id, lane, date_bin($3, span, 'epoch') order by span desc) as place
    from rate_sample where alert_id = any($1::uuid[]) and span < now() - $2::interval and settled > 0
) old
where old.place > 1 and (r.alert_id, r.lane, r.span) = (old.alert_id, old.lane, old.span);
