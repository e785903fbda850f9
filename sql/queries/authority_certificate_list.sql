-- The certificates of an authority: those that end last come first.
select fingerprint, pinned_at, not_after from authority_certificate where authority_id = $1
order by not_after desc, fingerprint limit $2;
