-- The stored answers to webhooks that have an alert's id in them, as bytes: what is no JSON any more stops nothing.
select w.authority_id, w.webhook_id, w.answer
from webhook_receipt w join child_case c on c.authority_id = w.authority_id join alert a on a.case_id = c.id
where a.id = $1 and w.answer_status in (200, 202) and position(convert_to($1::text, 'UTF8') in w.answer) > 0;
