-- Withdraws a draft that nobody signed and takes its case number off it, for the signed case that has the number by right.
with over as (
    update alert set state = 'cancelled', ended_at = now()
    where id = $1 and not verified and state = 'in_review' returning case_id
)
update child_case c set case_number = c.case_number || ' / ' || $1::uuid from over where c.id = over.case_id returning c.id;
