-- Says that the photo of a wish ($2) is made; null when there is a newer wish, or the child's data is deleted: then its
-- objects are to be deleted. The page is made anew; where people may have been notified, it is written when there was another photo.
with made as (
    update case_photo p set state = 'made', given = null, fault = null, tag = $3, widths = $4, heights = $5
    from alert a
    where p.alert_id = $1 and p.wish = $2 and p.state = 'wanted' and a.id = p.alert_id and a.child_deleted_at is null
    returning p.alert_id
), paged as (
    update page
    set wanted = page.wanted + 1, changed_at = clock_timestamp(), attempts = 0,
        photos_at = case when exists (select from sweep s join sweep_unit u on u.sweep_id = s.id
                                      where s.alert_id = page.alert_id and s.notice = 'alert' and u.worked_by is not null)
                         then photos_at || clock_timestamp() else photos_at end
    from made where page.alert_id = made.alert_id
    returning pg_notify('page', '')
)
select made.alert_id, (select count(*) from paged) from made;
