-- Invites an authority to an alert's case, where it has room ($3) for one more. Returns nothing where it is invited.
insert into case_authority (case_id, authority_id)
select a.case_id, $2 from alert a
where a.id = $1 and (select count(*) from case_authority i where i.case_id = a.case_id) < $3
on conflict do nothing
returning case_id;
