-- migrate:up
-- Which CAP message that nobody verifiably signed came for an alert, and why it is not believed: in our words.
alter table alert add column unverified text;
update alert set unverified = 'Alert: not verified' where not verified;

-- migrate:down
alter table alert drop column unverified;
