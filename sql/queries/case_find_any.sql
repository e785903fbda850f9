-- The alert of the first of these case numbers that there is.
select a.id from child_case c join alert a on a.case_id = c.id
where c.authority_id = $1 and c.case_number = any($2::text[])
order by array_position($2::text[], c.case_number) limit 1;
