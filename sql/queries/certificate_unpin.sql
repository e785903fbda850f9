delete from authority_certificate where authority_id = $1 and fingerprint = $2 returning fingerprint;
