-- The alert of a case that another authority ($2, null: any) filed, and to which this one ($1) is invited or which it has
-- countersigned ($4: that alone). Two of them where more than one has that number.
select a.id from child_case c
join case_authority i on i.case_id = c.id and i.authority_id = $1
join alert a on a.case_id = c.id
where c.case_number = $3 and c.authority_id = any(case when $2::text is null then array(
          select o.authority_id from case_authority s join child_case o on o.id = s.case_id
          where s.authority_id = $1 and s.countersigned_at is not null) else array[$2::text] end)
  and (i.countersigned_at is not null or not $4::boolean)
limit 2;
