-- A signed Update settles unverified Updates, but says nothing about an unverified Cancel.
update alert set unverified_messages = array(select m from unnest(unverified_messages) m where m not like 'Update%')
where id = $1 and unverified_messages <> '{}';
