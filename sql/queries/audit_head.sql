-- One transaction at a time appends, so that each event holds the digest of the one before it. The time is that when the
-- lock is held.
select now, seq, digest, content from audit_head();
