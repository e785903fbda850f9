-- migrate:up
-- Whether the page of an alert says who is missing: while it is sent and not over, and its child's data is there; not while
-- nobody has looked at what a filer who was revoked had it say.
create function page_lives(state text, expires timestamptz, child_deleted_at timestamptz, distrusted_at timestamptz)
returns boolean language sql volatile parallel safe as $$
    select state in ('sending', 'sent', 'paused') and expires > clock_timestamp() and child_deleted_at is null
           and not (state = 'paused' and distrusted_at is not null)
$$;

-- migrate:down
drop function page_lives;
