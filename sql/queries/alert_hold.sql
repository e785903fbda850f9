-- Keeps the child's data from being deleted while an answer about a stored alert is made.
select 1 from alert where id = $1 for share;
