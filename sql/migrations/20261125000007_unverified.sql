-- migrate:up
-- Of a draft: why its signature is not believed. Of any alert: which message that nobody verifiably signed came for it
-- since, and why that is not believed. Both in our words.
alter table alert add column unverified text, add column mistrusted text;
update alert set unverified = 'not verified' where not verified;

-- migrate:down
alter table alert drop column unverified, drop column mistrusted;
