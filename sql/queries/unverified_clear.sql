-- A signed Update says what an unsigned one would have, but nothing of an unsigned Cancel.
update alert set unverified_messages = array(select m from unnest(unverified_messages) m where m not like 'Update%')
where id = $1 and unverified_messages <> '{}';
