-- `is_valid`: who proposed it could propose it now: the token stands, or any of the person's, or else the authority.
select p.revision, p.action, p.change_request::text as change_request, p.person, p.person_id, p.token_id,
       case when p.token_id is not null then exists (select from valid_token t where t.id = p.token_id)
            when p.person_id is not null then exists (select from valid_token t where t.person_id = p.person_id)
            else exists (select from authority u where u.id = c.authority_id and u.revoked_at is null) end as is_valid
from proposal p join alert a on a.id = p.alert_id join child_case c on c.id = a.case_id
where p.alert_id = $1;
