-- The tokens of a name, and what was approved, proposed or worded under it as it was compared before, are a person's.
with tokens as (
    update bearer_token set person_id = $2 where name = $1 and person_id is null
), approvals as (
    update approval set person_id = $2 where name = any($3::text[]) and person_id is null
), proposals as (
    update proposal set person_id = $2
    where person = any($3::text[]) and person_id is null and by not like 'authority %'
)
update alert_author set person_id = $2 where name = any($3::text[]) and person_id is null;
