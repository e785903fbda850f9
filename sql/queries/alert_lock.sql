-- Nothing changes an alert's id: so what only refers to it, as each report of a stranger does, holds up no stop.
select 1 from alert where id = $1 for no key update;
