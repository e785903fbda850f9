-- Whether the police may read what strangers saw of an alert ($1): its authority was not revoked.
select exists (select from alert a join child_case c on c.id = a.case_id join authority u on u.id = c.authority_id
               where a.id = $1 and u.revoked_at is null);
