-- Tells whether a link still signs in.
select exists (select from sign_in_link where digest = $1 and expires_at > now());
