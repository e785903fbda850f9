-- Has a photo made that waits for approval: fetched from $2, or given ($3); returns its wish.
select propose_photo($1, $2, $3);
