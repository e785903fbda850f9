-- An answer that has no place any more. Whoever has a digest can test guesses of what is deleted: so it needs the
-- server's secret ($4) from now on.
update webhook_receipt set answer = $3, body_digest = sha256($4::bytea || body_digest)
where authority_id = $1 and webhook_id = $2;
