-- Nobody changes this schema but the migration runner, which says so by holding its lock. The event
-- triggers that call these are made by sql/guard.sql, because only a superuser may make them. What
-- is done elsewhere in the database, and in temporary tables, is nobody's business.
--
-- The first two guard each other: neither can be replaced unseen, because what replaces one is
-- refused by the other when the command ends. They share no function, which could be replaced.

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
        -- These could take both guards away; what they are about is not told yet.
        touched := 'whatever it names';
    ELSIF tg_event = 'sql_drop' THEN
        SELECT object_identity INTO touched FROM pg_catalog.pg_event_trigger_dropped_objects()
        WHERE object_identity ~ '(^|[ (])ballast([.]|$)' LIMIT 1;
    ELSE
        -- By name, or by owner when the command has just moved it elsewhere.
        SELECT c.object_identity INTO touched
        FROM pg_catalog.pg_event_trigger_ddl_commands() c
        LEFT JOIN pg_catalog.pg_class r
            ON c.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND r.oid = c.objid
        LEFT JOIN pg_catalog.pg_proc p
            ON c.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = c.objid
        WHERE c.object_identity ~ '(^|[ (])ballast([.]|$)'
            OR c.command_tag LIKE 'ALTER %'
                AND c.schema_name NOT LIKE '\_timescaledb%' AND c.schema_name NOT LIKE 'pg\_temp%'
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

CREATE FUNCTION ballast.guard_guards() RETURNS event_trigger
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
    SELECT object_identity INTO touched FROM pg_catalog.pg_event_trigger_ddl_commands()
    WHERE classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND object_identity LIKE 'ballast.%'
    LIMIT 1;
    IF touched IS NOT NULL THEN
        RAISE EXCEPTION '% of % is refused: only migrations change this schema.', tg_tag, touched
            USING ERRCODE = 'BL005';
    END IF;
END
$$;

-- What a GRANT is about is not told, so it is judged by what it leaves: the owner has everything, the
-- writer reads and adds, the reader reads, and nobody else has anything of ours.
CREATE FUNCTION ballast.guard_grants() RETURNS event_trigger
LANGUAGE plpgsql AS $$
DECLARE
    touched text;
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_event_trigger_ddl_commands()
        WHERE command_tag IN ('GRANT', 'REVOKE', 'ALTER DEFAULT PRIVILEGES')
    ) OR EXISTS (
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
    WITH ours AS (
        SELECT oid, nspowner, nspacl FROM pg_catalog.pg_namespace WHERE nspname = 'ballast'
    ), roles AS (
        SELECT rolname, oid FROM pg_catalog.pg_roles
        WHERE rolname IN ('ballast_owner', 'ballast_writer', 'ballast_reader')
    ), objects AS (
        SELECT 'ballast.' || r.relname AS told, r.relowner AS owner, r.relacl AS acl,
            (CASE r.relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char" AS kind,
            r.relkind IN ('v', 'm') AS is_view
        FROM pg_catalog.pg_class r JOIN ours ON ours.oid = r.relnamespace
        WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        UNION ALL
        SELECT 'ballast.' || p.proname, p.proowner, p.proacl, 'f', false
        FROM pg_catalog.pg_proc p JOIN ours ON ours.oid = p.pronamespace
        UNION ALL
        SELECT 'ballast', nspowner, nspacl, 'n', false FROM ours
    ), found AS (
        SELECT o.told, x.grantee, x.privilege_type, x.is_grantable
        FROM objects o
        CROSS JOIN pg_catalog.aclexplode(
            coalesce(o.acl, pg_catalog.acldefault(o.kind, o.owner))
        ) x
        UNION ALL
        SELECT 'ballast.' || r.relname, x.grantee, x.privilege_type, x.is_grantable
        FROM pg_catalog.pg_class r
        JOIN ours ON ours.oid = r.relnamespace
        JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid
        CROSS JOIN pg_catalog.aclexplode(a.attacl) x
    ), wanted AS (
        SELECT o.told, x.grantee, x.privilege_type, x.is_grantable
        FROM objects o CROSS JOIN pg_catalog.aclexplode(pg_catalog.acldefault(o.kind, o.owner)) x
        WHERE x.grantee <> 0
        UNION ALL
        SELECT o.told, roles.oid, listed.privilege, false
        FROM objects o
        JOIN (VALUES
            ('r', 'ballast_writer', 'SELECT'),
            ('r', 'ballast_writer', 'INSERT'),
            ('r', 'ballast_reader', 'SELECT'),
            ('n', 'ballast_writer', 'USAGE'),
            ('n', 'ballast_reader', 'USAGE'),
            ('f', 'ballast_writer', 'EXECUTE')
        ) AS listed (kind, role, privilege) ON listed.kind = o.kind::text
        JOIN roles ON roles.rolname = listed.role
        WHERE (o.told, listed.privilege) <> ('ballast.migration', 'INSERT')
            AND NOT (o.is_view AND listed.privilege = 'INSERT')
            AND (
                o.kind <> 'f' OR o.told IN ('ballast.lock_stream', 'ballast.check_leader')
            )
    )
    SELECT told INTO touched FROM (
        (TABLE found EXCEPT TABLE wanted)
        UNION ALL (TABLE wanted EXCEPT TABLE found)
        UNION ALL
        -- What will be made later starts with nothing for anybody.
        SELECT 'ballast', d.defaclrole, '', false
        FROM pg_catalog.pg_default_acl d
        WHERE d.defaclnamespace = (SELECT oid FROM ours)
            OR d.defaclnamespace = 0
                AND d.defaclrole = (SELECT oid FROM roles WHERE rolname = 'ballast_owner')
    ) AS amiss ORDER BY told LIMIT 1;
    IF touched IS NULL AND current_user IN ('ballast_reader', 'ballast_writer') THEN
        touched := 'whatever it names';
    END IF;
    IF touched IS NOT NULL THEN
        RAISE EXCEPTION '% of % is refused: only migrations change this schema.', tg_tag, touched
            USING ERRCODE = 'BL005';
    END IF;
END
$$;

COMMENT ON FUNCTION ballast.guard_schema IS 'Refuses every change of the schema outside of a migration';
COMMENT ON FUNCTION ballast.guard_guards IS 'Refuses every change of our functions, so that the other guard cannot be replaced';
COMMENT ON FUNCTION ballast.guard_grants IS 'Refuses a GRANT or REVOKE that leaves more or less on ours than migrations grant';
REVOKE ALL ON FUNCTION ballast.guard_schema, ballast.guard_guards, ballast.guard_grants FROM PUBLIC;

CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ballast.migration
    FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();
ALTER TABLE ballast.migration ENABLE ALWAYS TRIGGER refuse_change;
