-- A run whose frames were exported is sealed: a signed tombstone takes the place of its frames. To
-- insert the tombstone is to remove the frames, in one statement, so neither can be without the
-- other. Only the owner may, and nothing else may ever remove a frame. Rows and runs stay.

CREATE TABLE ballast.journal_sealed (
    account_id text NOT NULL,
    run_id text NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    root_before bytea NOT NULL,
    root_after bytea NOT NULL,
    frames bigint NOT NULL,
    inputs bigint NOT NULL,
    begun bytea NOT NULL,
    export_sha256 text NOT NULL,
    sealed_at timestamptz NOT NULL,
    key text NOT NULL,
    signature bytea NOT NULL,
    PRIMARY KEY (account_id, first_seq),
    CONSTRAINT journal_sealed_once UNIQUE (account_id, run_id),
    CONSTRAINT journal_sealed_begun FOREIGN KEY (account_id, run_id) REFERENCES ballast.run,
    CONSTRAINT journal_sealed_range CHECK (first_seq > 0 AND last_seq >= first_seq),
    CONSTRAINT journal_sealed_counts CHECK (
        inputs = last_seq - first_seq + 1 AND frames > 0 AND frames <= inputs
    ),
    CONSTRAINT journal_sealed_roots CHECK (length(root_before) = 32 AND length(root_after) = 32),
    CONSTRAINT journal_sealed_hashes CHECK (
        export_sha256 ~ '^[0-9a-f]{64}$' AND key ~ '^[0-9a-f]{64}$' AND length(signature) = 64
    )
);
COMMENT ON TABLE ballast.journal_sealed IS 'Tombstones: runs whose frames were exported, verified and removed. begun is the run''s first input as it was journalled, export_sha256 is of the export''s manifest, the signature is over all other fields';
COMMENT ON CONSTRAINT journal_sealed_pkey ON ballast.journal_sealed IS 'Spans of an account do not overlap';
COMMENT ON CONSTRAINT journal_sealed_once ON ballast.journal_sealed IS 'A run is sealed whole, and once';
COMMENT ON CONSTRAINT journal_sealed_begun ON ballast.journal_sealed IS 'Only what has begun can be sealed; the run''s row stays';
COMMENT ON CONSTRAINT journal_sealed_range ON ballast.journal_sealed IS 'A tombstone stands for at least one input, counted from 1';
COMMENT ON CONSTRAINT journal_sealed_counts ON ballast.journal_sealed IS 'It stands for every input of its span, in frames that hold at least one each';
COMMENT ON CONSTRAINT journal_sealed_roots ON ballast.journal_sealed IS 'A root is a SHA-256';
COMMENT ON CONSTRAINT journal_sealed_hashes ON ballast.journal_sealed IS 'A hash and an Ed25519 key have 32 bytes, a signature 64';

-- The stream is not locked: an append looks at the newest frame and run alone, which stay, and of two
-- who seal at once the key lets one through.
CREATE FUNCTION ballast.seal_frames() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    sealed record;
    before record;
    begun record;
    held record;
BEGIN
    IF current_user <> 'ballast_owner' THEN
        RAISE EXCEPTION 'Only ballast_owner seals a run.' USING ERRCODE = 'BL004';
    END IF;
    FOR sealed IN SELECT * FROM added ORDER BY account_id, first_seq LOOP
        SELECT last_seq, root_after INTO before FROM ballast.journal_sealed
        WHERE account_id = sealed.account_id AND first_seq < sealed.first_seq
        ORDER BY first_seq DESC LIMIT 1;
        IF sealed.first_seq <> coalesce(before.last_seq, 0) + 1
            OR sealed.root_before <> coalesce(before.root_after, decode(repeat('00', 32), 'hex'))
        THEN
            RAISE EXCEPTION 'A tombstone of input % does not follow what was sealed up to input %.',
                sealed.first_seq, coalesce(before.last_seq, 0) USING ERRCODE = 'BL002';
        END IF;
        SELECT first_seq, genesis INTO begun FROM ballast.run
        WHERE account_id = sealed.account_id AND run_id = sealed.run_id;
        SELECT count(*) AS frames, sum(last_seq - first_seq + 1) AS inputs,
            min(first_seq) AS first_seq, max(last_seq) AS last_seq,
            min(run_id) = sealed.run_id AND max(run_id) = sealed.run_id AS is_one_run,
            (array_agg(root_before ORDER BY first_seq))[1] AS root_before,
            (array_agg(root_after ORDER BY first_seq DESC))[1] AS root_after
        INTO held FROM ballast.journal_frame
        WHERE account_id = sealed.account_id
            AND first_seq BETWEEN sealed.first_seq AND sealed.last_seq;
        IF (held.frames, held.inputs, held.first_seq, held.last_seq, held.root_before,
                held.root_after, held.is_one_run, begun.first_seq, begun.genesis)
            IS DISTINCT FROM (sealed.frames, sealed.inputs::numeric, sealed.first_seq,
                sealed.last_seq, sealed.root_before, sealed.root_after, true, sealed.first_seq,
                sealed.root_before)
        THEN
            RAISE EXCEPTION 'The frames of inputs % to % are not those of the tombstone.',
                sealed.first_seq, sealed.last_seq USING ERRCODE = 'BL002';
        END IF;
        IF NOT EXISTS (
            SELECT FROM ballast.journal_frame
            WHERE account_id = sealed.account_id AND first_seq = sealed.last_seq + 1
                AND run_id <> sealed.run_id AND root_before = sealed.root_after
        ) THEN
            RAISE EXCEPTION 'No frame of a later run follows input %; the newest run stays.',
                sealed.last_seq USING ERRCODE = 'BL002';
        END IF;
        DELETE FROM ballast.journal_frame
        WHERE account_id = sealed.account_id
            AND first_seq BETWEEN sealed.first_seq AND sealed.last_seq;
        -- What named these is gone; the one at the end is named by the run that follows.
        DELETE FROM ballast.snapshot
        WHERE account_id = sealed.account_id AND seq < sealed.last_seq;
    END LOOP;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION ballast.seal_frames IS 'Removes the frames that a tombstone stands for, once it follows the one before and tells of exactly what is there';

-- A row's xmin is the transaction that inserted it.
CREATE FUNCTION ballast.refuse_removal() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF tg_op = 'DELETE' AND current_user = 'ballast_owner' AND EXISTS (
        SELECT FROM ballast.journal_sealed
        WHERE xmin = pg_catalog.pg_current_xact_id()::pg_catalog.xid
    ) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only: % is refused.', tg_table_name, tg_op
        USING ERRCODE = 'BL004';
END
$$;
COMMENT ON FUNCTION ballast.refuse_removal IS 'Refuses every change of frames but a removal by the owner in the transaction that inserts a tombstone';

CREATE FUNCTION ballast.check_removed() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    stray record;
BEGIN
    SELECT first_seq, last_seq INTO stray FROM removed r WHERE NOT EXISTS (
        SELECT FROM ballast.journal_sealed s
        WHERE s.account_id = r.account_id AND s.run_id = r.run_id
            AND s.first_seq <= r.first_seq AND s.last_seq >= r.last_seq
            AND s.xmin = pg_catalog.pg_current_xact_id()::pg_catalog.xid
    ) ORDER BY first_seq LIMIT 1;
    IF stray.first_seq IS NOT NULL THEN
        RAISE EXCEPTION 'No tombstone of this transaction stands for inputs % to %.',
            stray.first_seq, stray.last_seq USING ERRCODE = 'BL004';
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION ballast.check_removed IS 'Refuses the removal of a frame that no tombstone of the same transaction stands for';

CREATE TRIGGER seal_added AFTER INSERT ON ballast.journal_sealed
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.seal_frames();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ballast.journal_sealed
    FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();
ALTER TABLE ballast.journal_sealed ENABLE ALWAYS TRIGGER seal_added;
ALTER TABLE ballast.journal_sealed ENABLE ALWAYS TRIGGER refuse_change;

DROP TRIGGER refuse_change ON ballast.journal_frame;
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ballast.journal_frame
    FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_removal();
CREATE TRIGGER check_removed AFTER DELETE ON ballast.journal_frame
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_removed();
ALTER TABLE ballast.journal_frame ENABLE ALWAYS TRIGGER refuse_change;
ALTER TABLE ballast.journal_frame ENABLE ALWAYS TRIGGER check_removed;

-- As in 0004, but that nobody except the owner adds tombstones.
CREATE OR REPLACE FUNCTION ballast.guard_grants() RETURNS event_trigger
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
        WHERE (o.told, listed.privilege) NOT IN (
                ('ballast.migration', 'INSERT'), ('ballast.journal_sealed', 'INSERT')
            )
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

REVOKE ALL ON FUNCTION ballast.seal_frames, ballast.refuse_removal, ballast.check_removed
    FROM PUBLIC;
GRANT SELECT ON ballast.journal_sealed TO ballast_writer, ballast_reader;
