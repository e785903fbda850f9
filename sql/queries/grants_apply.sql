-- Gives the role that servers run as (setting qq_alert.runtime of this transaction) what the queries need, and nothing
-- else. Run by the owner of the schema. A right that no query needs any more stays for one version, so that servers of
-- the version before go on. The trail: audit_event is only ever read and appended to. A reason beside it is deleted with
-- the child's data, so `delete` is given on that table alone: `audit verify` finds a reason that goes without that event.
do $$
declare
    role name := current_setting('qq_alert.runtime');
    room name := current_schema();
    one record;
begin
    execute format('revoke create on schema %I from public', room);
    execute format('revoke create, temporary on database %I from public', current_database());
    execute format('revoke all on all tables in schema %I from public, %I', room, role);
    execute format('revoke create on schema %I from %I', room, role);
    execute format('grant usage on schema %I to %I', room, role);
    for one in
        select * from (values
            ('alarm', 'select, insert, update, delete'),
            ('alert', 'select, insert, update'),
            ('alert_author', 'select, insert, update'),
            ('approval', 'select, insert, update, delete'),
            ('audit_event', 'select, insert'),
            ('audit_reason', 'select, insert, delete'),
            ('authority', 'select, insert, update'),
            ('authority_certificate', 'select, insert, update, delete'),
            ('authority_endpoint', 'select, insert, update, delete'),
            ('authority_secret', 'select, insert, update'),
            ('bearer_token', 'select, insert, update'),
            ('browser_session', 'select, insert, update, delete'),
            ('cap_message', 'select, insert, update'),
            ('case_authority', 'select, insert, update'),
            ('case_photo', 'select, update, delete'),
            ('case_sealed', 'select, insert, update, delete'),
            ('child_case', 'select, insert, update'),
            ('draft', 'select, insert'),
            ('endpoint_backfill', 'select, insert, update, delete'),
            ('endpoint_gone', 'select, update, delete'),
            ('enrolled', 'select, insert, update, delete'),
            ('entrant', 'select, insert, update, delete'),
            ('forgotten_user', 'select, insert, update, delete'),
            ('index_epoch', 'select, insert, update'),
            ('lane_report', 'select, insert, update, delete'),
            ('lane_restart', 'select, insert'),
            ('lane_restart_heard', 'select, insert'),
            ('issuer_subject', 'select, insert, update'),
            ('ledger', 'select, insert, delete'),
            ('lost_event', 'select, insert'),
            ('notice', 'select, insert'),
            ('counted_approval', 'select'),
            ('outer_ring', 'select'),
            ('page', 'select, update'),
            ('page_count', 'select, insert, update'),
            ('page_count_taken', 'select, insert, update, delete'),
            ('person', 'select, insert'),
            ('valid_token', 'select'),
            ('police_event', 'select, insert, update, delete'),
            ('passkey', 'select, insert, update'),
            ('passkey_challenge', 'select, insert, delete'),
            ('preference', 'select, insert, update, delete'),
            ('proposal', 'select, insert, update, delete'),
            ('rate_sample', 'select, insert, update, delete'),
            ('ring', 'select, insert, update'),
            ('schema_migrations', 'select'),
            ('server_process', 'select, insert, update, delete'),
            ('sighting', 'select, insert, update, delete'),
            ('sighting_photo', 'select, insert, delete'),
            ('sighting_total', 'select'),
            ('sign_in_link', 'select, insert, delete'),
            ('silently_notified', 'select, insert, delete'),
            ('sweep', 'select, insert, update'),
            ('sweep_unit', 'select, insert, update, delete'),
            ('webhook_receipt', 'select, insert, update, delete')
        ) as needed (relation, rights)
    loop
        execute format('grant %s on %I.%I to %I', one.rights, room, one.relation, role);
    end loop;
    -- What was deleted is freed at once (child_vacuum.sql). PostgreSQL before 17 has no such right: it frees it later.
    if current_setting('server_version_num')::integer >= 170000 then
        for one in select unnest(array['alert', 'audit_reason', 'case_photo', 'case_sealed', 'child_case', 'police_event',
                                       'proposal', 'ring', 'sighting', 'sighting_photo', 'webhook_receipt']) as relation
        loop
            execute format('grant maintain on %I.%I to %I', room, one.relation, role);
        end loop;
    end if;
end $$;
