-- migrate:up
-- What an alert says, by locale, with its picture and links: written once, when the case is filed.
alter table alert add column content jsonb;
update alert set content = jsonb_build_object('texts', jsonb_build_object('zh-CN',
    jsonb_build_object('title', title, 'body', body, 'call', '')));
alter table alert alter column content set not null, drop column title, drop column body;

-- A token that is not good here but perhaps elsewhere is counted apart and kept.
alter table sweep_unit add column quarantined integer not null default 0;
alter table ledger drop constraint ledger_outcome_check,
    add constraint ledger_outcome_check
        check (outcome in ('accepted', 'invalid', 'refused', 'quarantined', 'failed'));

-- migrate:down
delete from ledger where outcome = 'quarantined';
alter table ledger drop constraint ledger_outcome_check,
    add constraint ledger_outcome_check check (outcome in ('accepted', 'invalid', 'refused', 'failed'));
alter table sweep_unit drop column quarantined;
alter table alert add column title text, add column body text;
update alert set title = content #>> '{texts,zh-CN,title}',
    body = (content #>> '{texts,zh-CN,body}') || (content #>> '{texts,zh-CN,call}');
alter table alert alter column title set not null, alter column body set not null, drop column content;
