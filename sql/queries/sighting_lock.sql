-- A sighting of an alert: its state, revision, stack, and who decided when. Locked with the undecided ones of its stack, in
-- one order, so that those who decide two of them at once wait for each other.
with locked as (
    select id, state, revision, stack, decided_by, decided_at
    from sighting
    where alert_id = $1 and stack = (select o.stack from sighting o where o.id = $2) and (state = 'new' or id = $2)
    order by id
    for update
)
select state, revision, stack, decided_by, decided_at from locked where id = $2;
