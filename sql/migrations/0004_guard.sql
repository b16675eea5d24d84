-- Nobody changes this schema but the migration runner, which says so by holding its lock. The event
-- triggers that call this are made by sql/guard.sql, because only a superuser may make them.

CREATE FUNCTION ballast.guard_schema() RETURNS event_trigger
LANGUAGE plpgsql AS $$
DECLARE
    touched text;
BEGIN
    IF EXISTS (
        SELECT FROM pg_catalog.pg_locks
        WHERE locktype = 'advisory' AND classid = 0 AND objid = 731600001 AND objsubid = 1
            AND pid = pg_catalog.pg_backend_pid() AND granted
            AND database = (
                SELECT oid FROM pg_catalog.pg_database
                WHERE datname = pg_catalog.current_database()
            )
    ) THEN
        RETURN;
    END IF;
    IF tg_event = 'ddl_command_start' THEN
        -- These could put this very function out of the way; what they are about is not told yet.
        touched := 'whatever it names';
    ELSIF tg_event = 'sql_drop' THEN
        SELECT object_identity INTO touched FROM pg_catalog.pg_event_trigger_dropped_objects()
        WHERE object_identity ~ '(^|[ (])ballast([.]|$)' LIMIT 1;
    ELSE
        -- By name, or by owner when the command has just moved it elsewhere. What a GRANT is about
        -- is not told, so in this database none is made by hand.
        SELECT coalesce(c.object_identity, c.object_type) INTO touched
        FROM pg_catalog.pg_event_trigger_ddl_commands() c
        LEFT JOIN pg_catalog.pg_class r
            ON c.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND r.oid = c.objid
        LEFT JOIN pg_catalog.pg_proc p
            ON c.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = c.objid
        WHERE c.object_identity ~ '(^|[ (])ballast([.]|$)'
            OR c.command_tag IN ('GRANT', 'REVOKE', 'ALTER DEFAULT PRIVILEGES')
            OR c.schema_name NOT LIKE '\_timescaledb%'
                AND coalesce(r.relowner, p.proowner) = (
                    SELECT oid FROM pg_catalog.pg_roles WHERE rolname = 'ballast_owner'
                )
        LIMIT 1;
        IF touched IS NULL AND pg_catalog.to_regnamespace('ballast') IS NULL THEN
            touched := 'ballast';
        END IF;
    END IF;
    IF touched IS NOT NULL THEN
        RAISE EXCEPTION '% of % is refused: only migrations change this schema.', tg_tag, touched
            USING ERRCODE = 'BL005';
    END IF;
END
$$;
COMMENT ON FUNCTION ballast.guard_schema IS 'Refuses every change of the schema outside of a migration';
REVOKE ALL ON FUNCTION ballast.guard_schema FROM PUBLIC;

CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ballast.migration
    FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();
ALTER TABLE ballast.migration ENABLE ALWAYS TRIGGER refuse_change;
