select current_user::text as role, current_database()::text || pg_postmaster_start_time()::text as database,
       has_schema_privilege(current_schema(), 'create') as may_create;
