-- migrate:up
-- Until when something that an attempt at a page had begun to write may still be written, over what came after it. Set by
-- each attempt that was interrupted, failed or lost its page; no change of the alert clears it, only an attempt that began
-- later and was made. At that time the page is made once more.
alter table page add column settle_at timestamptz;
create index page_unsettled on page (settle_at) where settle_at is not null;

-- What was interrupted before there was this column, or is to be made once more in a while.
update page set settle_at = clock_timestamp() + interval '15 seconds'
where held_until is not null or changed_at > clock_timestamp();

-- migrate:down
alter table page drop column settle_at;
