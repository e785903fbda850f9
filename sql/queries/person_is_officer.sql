-- Whether a person had a token of an authority at any time since a moment.
select exists (select from bearer_token where person_id = $1 and authority_id = $2 and expires_at > $3
               and (revoked_at is null or revoked_at > $3));
