-- A signed Update says what an unsigned one would have, but nothing of an unsigned Cancel: that somebody decides ($2).
update alert set mistrusted = null where id = $1 and (mistrusted like 'Update%' or $2);
