-- Claims the photo that waits longest, for $1; what is not believed fetches nothing before somebody believes it, nor does what
-- a filer who was revoked gave. Photos of alerts that are over are not asked for.
update case_photo p set attempts = p.attempts + 1, try_at = clock_timestamp() + $1::interval
where (p.alert_id, p.wish) = (
    select w.alert_id, w.wish from case_photo w join alert a on a.id = w.alert_id
    where w.state = 'wanted' and w.try_at <= clock_timestamp() and a.child_deleted_at is null and a.distrusted_at is null
      and a.state in ('in_review', 'scheduled', 'sending', 'sent', 'paused')
      and (a.unverified is null or a.state <> 'in_review')
    order by w.try_at limit 1 for update of w skip locked
)
returning p.alert_id, p.wish, p.url, p.given, p.attempts;
