-- Locks alerts in one order, before their rings: every transaction locks the alert first.
select 1 from alert where id = any($1::uuid[]) order by id for no key update;
