-- What is answered of an alert that stands is not to be overtaken by the deletion of its child's data.
select 1 from alert where id = $1 for share;
