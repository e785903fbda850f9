-- The digest and the role of a token by its id, if it is valid.
select v.digest, t.role from valid_token v join bearer_token t on t.id = v.id where v.id = $1;
