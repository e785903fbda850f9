-- The photos of an alert that somebody judges: the one that is shown first, then the one that waits with the proposal of wish $2.
select is_proposed, state, tag, widths, heights, fault from case_photo
where alert_id = $1 and state <> 'none' and (not is_proposed or wish = $2) order by is_proposed;
