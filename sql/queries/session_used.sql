-- The use of a session ($1). Nobody waits for who has its row.
update browser_session set used_at = now()
where id = (select id from browser_session where id = $1 and used_at < now() - interval '1 minute'
            for no key update skip locked);
