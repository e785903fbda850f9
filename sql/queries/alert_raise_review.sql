-- An alert needs more approval than before, because of what it rests on; it is not sent by itself any more.
update alert set review = $2, send_at = null,
                 held_for = array(select distinct word from unnest(held_for || $3::text[]) word order by word)
where id = $1;
