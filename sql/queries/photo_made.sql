-- Says that the photo of a wish ($2) is made; null when there is a newer wish, or the child's data is deleted: then its
-- objects are to be deleted. The page is made anew, unless it waits for approval.
with made as (
    update case_photo p set state = 'made', given = null, fault = null, tag = $3, widths = $4, heights = $5
    from alert a
    where p.alert_id = $1 and p.wish = $2 and p.state = 'wanted' and a.id = p.alert_id and a.child_deleted_at is null
    returning p.alert_id, p.is_proposed
), paged as (
    update page set wanted = page.wanted + 1, changed_at = clock_timestamp(), attempts = 0
    from made where page.alert_id = made.alert_id and not made.is_proposed
    returning pg_notify('page', '')
)
select made.alert_id, (select count(*) from paged) from made;
