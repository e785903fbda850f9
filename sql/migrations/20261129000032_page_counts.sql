-- migrate:up
-- What people did on the page of an alert: counts by minute, channel and kind, of nobody in particular. `weight`: each that
-- was counted stands for so many page views (`page.sample`). They stay when the child's data is deleted. `passed`: of
-- sightings, written when those are deleted, as is `report`.
create table page_count (
    alert_id uuid not null references alert,
    minute timestamptz not null,
    channel text not null check (channel in ('push', 'share', 'poster', 'other')),
    kind text not null check (kind in ('open', 'share', 'copy', 'poster', 'call', 'report', 'passed')),
    count bigint not null check (count > 0),
    weight integer not null check (weight >= 1),
    primary key (alert_id, minute, channel, kind)
);

-- Objects with counts that were taken in, so that one that could not be deleted is not counted again.
create table page_count_taken (
    id uuid primary key,
    seen_at timestamptz not null default clock_timestamp()
);
create index page_count_taken_seen on page_count_taken (seen_at);

-- migrate:down
drop table page_count_taken, page_count;
