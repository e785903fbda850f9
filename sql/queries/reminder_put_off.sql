-- Puts a reminder off to another morning: it is night now, as after a pause.
update sweep set begun_at = null, due_at = greatest(due_at, $2) where id = $1;
