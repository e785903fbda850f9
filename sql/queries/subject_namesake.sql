-- A person with this name, or whose name looks like it, who has a token of the own that is valid and was never known by an
-- issuer.
select p.id from person p
where (p.folded = $1 or p.skeleton = $2)
  and not exists (select from issuer_subject u where u.person_id = p.id)
  and exists (select from valid_token v where v.person_id = p.id)
order by p.id limit 1;
