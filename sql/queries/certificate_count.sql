-- How many certificates of an authority have not expired.
select count(*) from authority_certificate where authority_id = $1 and not_after > now();
