-- Has an invited authority share an alert's case. Returns nothing where it is not invited, or shares it already.
update case_authority i set countersigned_at = clock_timestamp() from alert a
where a.id = $1 and i.case_id = a.case_id and i.authority_id = $2 and i.countersigned_at is null
returning i.case_id;
