-- The lock holds an unpinning back until what the certificate signed is committed.
select 1 from authority_certificate where authority_id = $1 and fingerprint = $2 for key share;
