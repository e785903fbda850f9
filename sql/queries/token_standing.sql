-- The valid ones among these tokens.
select digest from valid_token where digest = any($1::bytea[]);
