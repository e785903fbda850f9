-- What there is to publish of an alert, at one moment. `live`: it has a page that says who is missing. `begun`: people may
-- have been notified, so that its address leads somewhere for ever. `reworded`: its text was changed since it was filed.
-- `people`: null where the estimate is none, and at most ten billion.
select p.wanted, p.first_made_at is not null as published, p.sample, a.status, a.subject_kind, a.expires,
       page_lives(a.state, a.expires, a.child_deleted_at, a.distrusted_at) as live,
       p.first_made_at is not null
           or exists (select from sweep s join sweep_unit u on u.sweep_id = s.id
                      where s.alert_id = a.id and s.notice = 'alert' and u.worked_by is not null) as begun,
       a.revision > 1 or exists (select from notice n where n.alert_id = a.id and n.notice = 'update') as reworded,
       a.content::text as content, c.content::text as case_content,
       case when jsonb_typeof(a.estimate -> 'people') = 'number'
            then round(greatest(0, least((a.estimate ->> 'people')::numeric, 10000000000)))::bigint end as people,
       f.card_shows_child
from page p join alert a on a.id = p.alert_id join child_case c on c.id = a.case_id join authority f on f.id = c.authority_id
where p.alert_id = $1;
