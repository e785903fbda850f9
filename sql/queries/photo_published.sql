-- Says that the pictures of a photo ($2) are published, if it is still the one that is shown: phones get its address from
-- now on, and who waited for it is notified. Returns whether it is news.
update page g set photo_tag = $2, photo_due_at = null
from case_photo p
where g.alert_id = $1 and p.alert_id = g.alert_id and not p.is_proposed and p.tag = $2
  and (g.photo_tag is distinct from $2 or g.photo_due_at is not null)
returning pg_notify('qq_alert_sweeps', '')::text;
