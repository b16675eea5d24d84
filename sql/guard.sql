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
            ('ballast_guard_change', 'ddl_command_end'),
            ('ballast_guard_drop', 'sql_drop'),
            ('ballast_guard_itself', $event$ddl_command_start WHEN TAG IN (
                'CREATE FUNCTION', 'ALTER FUNCTION', 'ALTER ROUTINE',
                'DROP FUNCTION', 'DROP ROUTINE', 'DROP OWNED', 'DROP SCHEMA'
            )$event$)
        ) AS listed (name, event)
    LOOP
        IF NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = wanted.name) THEN
            EXECUTE format(
                'CREATE EVENT TRIGGER %I ON %s EXECUTE FUNCTION ballast.guard_schema()',
                wanted.name, wanted.event
            );
            -- ALWAYS: session_replication_role switches ordinary triggers off.
            EXECUTE format('ALTER EVENT TRIGGER %I ENABLE ALWAYS', wanted.name);
        END IF;
    END LOOP;
END
$guard$;
