-- What the role of this session could do to the trail that would leave no trace: nothing, for the role of a server.
select array_remove(array[
    case when r.rolsuper then 'it is a superuser' end,
    case when r.rolcreaterole then 'it may create roles' end,
    case when not r.rolsuper and exists (
        select from pg_class c
        where c.oid in (to_regclass('audit_event'), to_regclass('audit_reason')) and pg_has_role(c.relowner, 'member'))
    then 'it owns the trail' end,
    case when not r.rolsuper and exists (
        select from pg_database d where d.datname = current_database() and pg_has_role(d.datdba, 'member'))
    then 'it owns the database' end,
    case when has_table_privilege('audit_event', 'update, delete, truncate, trigger')
              or has_any_column_privilege('audit_event', 'update')
              or has_table_privilege('audit_reason', 'update, truncate, trigger')
              or has_any_column_privilege('audit_reason', 'update')
    then 'it may change or remove events' end,
    case when has_schema_privilege(current_schema(), 'create') then 'it may create tables and functions' end,
    case when not r.rolsuper and (pg_has_role('pg_write_server_files', 'member')
                                  or pg_has_role('pg_execute_server_program', 'member'))
    then 'it may write files of the database''s machine' end
], null) as weaknesses
from pg_roles r where r.rolname = current_user;
