-- migrate:up
-- Of a draft: why its signature is not believed. Of any alert: which messages that nobody verifiably signed came for it
-- since, and why they are not believed, each once; and those that were known when it was paused. All in our words.
alter table alert add column unverified text, add column mistrusted text[] not null default '{}',
    add column mistrusted_seen text[] not null default '{}';
update alert set unverified = 'not verified' where not verified;

-- migrate:down
alter table alert drop column unverified, drop column mistrusted, drop column mistrusted_seen;
