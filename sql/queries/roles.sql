-- Who may what: the three roles, who may act as whom, and each right on each object of ours, beside
-- what sql/roles.sql and the migrations grant. The rule is that of ballast.guard_grants.

-- name: roles_found
SELECT listed.name, r.oid IS NOT NULL AS found, coalesce(r.rolcanlogin, false) AS login,
    array_remove(ARRAY[
        CASE WHEN r.rolsuper THEN 'SUPERUSER' END,
        CASE WHEN r.rolcreatedb THEN 'CREATEDB' END,
        CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
        CASE WHEN r.rolreplication THEN 'REPLICATION' END,
        CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END
    ], NULL) AS attributes
FROM unnest(ARRAY['ballast_owner', 'ballast_writer', 'ballast_reader'])
    WITH ORDINALITY AS listed (name, place)
LEFT JOIN pg_catalog.pg_roles r ON r.rolname = listed.name
ORDER BY listed.place;

-- name: role_members
-- A superuser gains nothing by it; the administrator, as whom we came, acts as the owner by it.
SELECT DISTINCT a.rolname::text AS role, m.rolname::text AS member,
    m.rolsuper OR (m.rolname = session_user AND a.rolname LIKE 'ballast\_%') AS wanted
FROM pg_catalog.pg_auth_members x
JOIN pg_catalog.pg_roles a ON a.oid = x.roleid
JOIN pg_catalog.pg_roles m ON m.oid = x.member
WHERE a.rolname IN ('ballast_owner', 'ballast_writer', 'ballast_reader')
    OR m.rolname IN ('ballast_owner', 'ballast_writer', 'ballast_reader')
ORDER BY 1, 2;

-- name: role_rights
WITH ours AS (
    SELECT oid, nspname, nspowner, nspacl FROM pg_catalog.pg_namespace WHERE nspname = 'ballast'
), roles AS (
    SELECT rolname::text, oid FROM pg_catalog.pg_roles
    WHERE rolname IN ('ballast_owner', 'ballast_writer', 'ballast_reader')
), objects AS (
    SELECT CASE WHEN r.relkind IN ('v', 'm') THEN 'view' WHEN r.relkind = 'S' THEN 'sequence'
            ELSE 'table' END AS kind,
        r.relname::text AS name, r.relowner AS owner, r.relacl AS acl,
        (CASE r.relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char" AS letter
    FROM pg_catalog.pg_class r JOIN ours ON ours.oid = r.relnamespace
    WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT 'function', format(
            '%s(%s)', p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)
        ), p.proowner, p.proacl, 'f'
    FROM pg_catalog.pg_proc p JOIN ours ON ours.oid = p.pronamespace
    UNION ALL
    SELECT 'schema', nspname::text, nspowner, nspacl, 'n' FROM ours
), found AS (
    SELECT o.kind, o.name, x.grantee, x.privilege_type, x.is_grantable
    FROM objects o
    CROSS JOIN pg_catalog.aclexplode(
        coalesce(o.acl, pg_catalog.acldefault(o.letter, o.owner))
    ) x
    UNION
    SELECT 'column', format('%s.%s', r.relname, a.attname), x.grantee, x.privilege_type,
        x.is_grantable
    FROM pg_catalog.pg_class r
    JOIN ours ON ours.oid = r.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid
    CROSS JOIN pg_catalog.aclexplode(a.attacl) x
    UNION
    -- What the database grants to others leads to nothing of ours.
    SELECT 'database', d.datname::text, x.grantee, x.privilege_type, x.is_grantable
    FROM pg_catalog.pg_database d
    CROSS JOIN pg_catalog.aclexplode(
        coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))
    ) x
    WHERE d.datname = pg_catalog.current_database()
        AND (x.grantee = 0 OR x.grantee IN (SELECT oid FROM roles))
    UNION
    SELECT 'default', coalesce(n.nspname::text, 'every schema'), x.grantee, x.privilege_type,
        x.is_grantable
    FROM pg_catalog.pg_default_acl d
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace
    CROSS JOIN pg_catalog.aclexplode(d.defaclacl) x
    WHERE d.defaclnamespace = (SELECT oid FROM ours)
        OR d.defaclnamespace = 0
            AND d.defaclrole = (SELECT oid FROM roles WHERE rolname = 'ballast_owner')
), wanted AS (
    -- The owner has everything of what is its own, which all of it must be.
    SELECT o.kind, o.name, roles.oid AS grantee, x.privilege_type, x.is_grantable
    FROM objects o
    JOIN roles ON roles.rolname = 'ballast_owner'
    CROSS JOIN pg_catalog.aclexplode(pg_catalog.acldefault(o.letter, roles.oid)) x
    WHERE x.grantee <> 0
    UNION
    SELECT o.kind, o.name, roles.oid, listed.privilege, false
    FROM objects o
    JOIN (VALUES
        ('table', 'ballast_writer', 'SELECT'),
        ('table', 'ballast_writer', 'INSERT'),
        ('table', 'ballast_reader', 'SELECT'),
        ('view', 'ballast_writer', 'SELECT'),
        ('view', 'ballast_reader', 'SELECT'),
        ('schema', 'ballast_writer', 'USAGE'),
        ('schema', 'ballast_reader', 'USAGE'),
        ('function', 'ballast_writer', 'EXECUTE')
    ) AS listed (kind, role, privilege) ON listed.kind = o.kind
    JOIN roles ON roles.rolname = listed.role
    WHERE (o.name, listed.privilege) NOT IN (
            ('migration', 'INSERT'), ('journal_sealed', 'INSERT')
        )
        AND (o.kind <> 'function' OR o.name ~ '^(lock_stream|check_leader)[(]')
    UNION
    SELECT 'database', pg_catalog.current_database()::text, roles.oid, listed.privilege, false
    FROM (VALUES
        ('ballast_owner', 'CONNECT'), ('ballast_owner', 'CREATE'),
        ('ballast_writer', 'CONNECT'), ('ballast_reader', 'CONNECT')
    ) AS listed (role, privilege)
    JOIN roles ON roles.rolname = listed.role
)
SELECT kind, name,
    CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(grantee)::text END AS role,
    privilege_type || CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS privilege,
    coalesce(f.told, false) AS found, coalesce(w.told, false) AS wanted
FROM (SELECT *, true AS told FROM found) f
FULL JOIN (SELECT *, true AS told FROM wanted) w USING (kind, name, grantee, privilege_type, is_grantable)
ORDER BY kind, name, role, privilege;
