select c.content_digest from child_case c join alert a on a.case_id = c.id where a.id = $1;
