-- A signed Update says what an unsigned one would have, but nothing of an unsigned Cancel.
update alert set mistrusted = array(select m from unnest(mistrusted) m where m not like 'Update%')
where id = $1 and mistrusted <> '{}';
