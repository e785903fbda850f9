-- The alert of the first of these case numbers that there is: of this authority's cases, else of those that it shares.
select a.id from child_case c join alert a on a.case_id = c.id
where c.case_number = any($2::text[])
  and c.authority_id = any(array(select $1::text union
          select o.authority_id from case_authority i join child_case o on o.id = i.case_id
          where i.authority_id = $1 and i.countersigned_at is not null))
  and (c.authority_id = $1 or exists (select from case_authority i where i.case_id = c.id and i.authority_id = $1
                                      and i.countersigned_at is not null))
order by c.authority_id <> $1, array_position($2::text[], c.case_number) limit 1;
