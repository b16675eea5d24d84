-- The guards of the schema, run after the migrations, as often as wanted. Only a superuser may make
-- event triggers; on a server whose administrator is none they are left out, and drift says so.

DO $guard$
DECLARE
    wanted record;
BEGIN
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        RETURN;
    END IF;
    FOR wanted IN
        SELECT * FROM (VALUES
            ('ballast_guard_change', 'ddl_command_end', 'guard_schema'),
            ('ballast_guard_drop', 'sql_drop', 'guard_schema'),
            ('ballast_guard_grants', 'ddl_command_end', 'guard_grants'),
            ('ballast_guard_guards', 'ddl_command_end', 'guard_guards'),
            -- These could take both guards away at once.
            ('ballast_guard_itself', $event$ddl_command_start WHEN TAG IN (
                'DROP EXTENSION', 'DROP FUNCTION', 'DROP LANGUAGE', 'DROP OWNED', 'DROP ROUTINE',
                'DROP SCHEMA'
            )$event$, 'guard_schema')
        ) AS listed (name, event, guard)
    LOOP
        IF NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = wanted.name) THEN
            EXECUTE format(
                'CREATE EVENT TRIGGER %I ON %s EXECUTE FUNCTION ballast.%I()',
                wanted.name, wanted.event, wanted.guard
            );
            -- ALWAYS: session_replication_role switches ordinary triggers off.
            EXECUTE format('ALTER EVENT TRIGGER %I ENABLE ALWAYS', wanted.name);
        END IF;
    END LOOP;
END
$guard$;
