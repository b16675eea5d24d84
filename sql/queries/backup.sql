-- What a backup reads and a restore asks for. The bytes themselves go by COPY, whose statements the
-- driver makes of the names and columns found here.

-- name: kept_tables
-- Every table of the schema with the columns that a COPY takes, by name, and the query for its rows: a
-- COPY of the table itself would be empty where the rows lie in chunks, which inherit from it.
SELECT r.relname::text AS name,
    array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '') AS columns,
    format('SELECT %s FROM ballast.%I',
        string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FILTER (WHERE a.attgenerated = ''),
        r.relname
    ) AS query,
    (
        SELECT sum(pg_relation_size(part.oid)
            + coalesce(pg_total_relation_size(nullif(part.reltoastrelid, 0)), 0))::bigint
        FROM pg_class part
        WHERE part.oid = r.oid
            OR part.oid IN (SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = r.oid)
    ) AS bytes
FROM pg_class r
JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE r.relnamespace = to_regnamespace('ballast') AND r.relkind = 'r'
GROUP BY r.oid, r.relname ORDER BY r.relname COLLATE "C";

-- name: table_references
-- Which table must be filled before which: (the one that refers, the one it refers to).
SELECT DISTINCT c.relname::text AS referring, f.relname::text AS referred
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_class f ON f.oid = k.confrelid
WHERE k.connamespace = to_regnamespace('ballast') AND k.contype = 'f' AND k.conrelid <> k.confrelid
ORDER BY referring, referred;

-- name: server_version
SELECT current_setting('server_version');

-- name: is_superuser
SELECT rolsuper FROM pg_roles WHERE rolname = session_user;

-- name: account_heads
-- Where every account stands: its head, its newest epoch, how many runs it has.
WITH named AS (
    SELECT account_id FROM ballast.lease
    UNION SELECT account_id FROM ballast.run
    UNION SELECT account_id FROM ballast.journal_frame
)
SELECT account_id,
    coalesce(head.last_seq, 0) AS seq,
    coalesce(head.root_after, decode(repeat('00', 32), 'hex')) AS root,
    (SELECT coalesce(max(epoch), 0) FROM ballast.lease l WHERE l.account_id = n.account_id) AS epoch,
    (SELECT count(*) FROM ballast.run r WHERE r.account_id = n.account_id) AS runs
FROM named n
LEFT JOIN LATERAL (
    SELECT last_seq, root_after FROM ballast.journal_frame f
    WHERE f.account_id = n.account_id ORDER BY first_seq DESC LIMIT 1
) head ON true
ORDER BY account_id COLLATE "C";

-- name: refuse_rows
-- Nobody writes from here on, and nobody has written before (the list of
-- migrations and what the server was found to be are no content).
DO $empty$
DECLARE
    kept record;
    has_rows boolean;
BEGIN
    FOR kept IN
        SELECT oid::regclass AS place, relname FROM pg_class
        WHERE relnamespace = to_regnamespace('ballast') AND relkind = 'r' ORDER BY relname
    LOOP
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', kept.place);
        EXECUTE format('SELECT EXISTS (SELECT FROM %s)', kept.place) INTO has_rows;
        IF has_rows AND kept.relname NOT IN ('migration', 'storage_world') THEN
            RAISE EXCEPTION '% has rows', kept.place USING ERRCODE = 'BL006';
        END IF;
    END LOOP;
END
$empty$;

-- name: wait_briefly
SET LOCAL lock_timeout = '10s';

-- name: drop_empty_schema
DROP SCHEMA IF EXISTS ballast CASCADE;

-- name: act_as_oneself
RESET ROLE;

-- name: sleep_triggers
-- Our triggers check what trading writes, not what was written long ago; keys and checks stay awake.
-- What wakes each as it was is kept for wake_triggers, within this transaction.
DO $sleep$
DECLARE
    awake record;
    waking text := '';
BEGIN
    FOR awake IN
        SELECT t.tgrelid::regclass AS place, t.tgname,
            CASE t.tgenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA'
                WHEN 'O' THEN 'ENABLE' ELSE 'DISABLE' END AS firing
        FROM pg_trigger t JOIN pg_class r ON r.oid = t.tgrelid
        WHERE r.relnamespace = to_regnamespace('ballast') AND NOT t.tgisinternal
        ORDER BY r.relname, t.tgname
    LOOP
        waking := waking
            || format('ALTER TABLE %s %s TRIGGER %I; ', awake.place, awake.firing, awake.tgname);
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', awake.place, awake.tgname);
    END LOOP;
    PERFORM set_config('ballast.waking', waking, true);
END
$sleep$;

-- name: wake_triggers
DO $wake$
BEGIN
    EXECUTE current_setting('ballast.waking');
END
$wake$;

-- name: forget_migrations
TRUNCATE ballast.migration;

-- name: continue_identities
-- COPY fills identity columns without moving their sequences.
DO $identities$
DECLARE
    counted record;
BEGIN
    FOR counted IN
        SELECT a.attrelid::regclass::text AS place, a.attname::text AS name
        FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid
        WHERE r.relnamespace = to_regnamespace('ballast') AND r.relkind = 'r'
            AND a.attidentity <> '' AND NOT a.attisdropped
    LOOP
        EXECUTE format(
            'SELECT setval(pg_get_serial_sequence(%1$L, %2$L), max(%2$I)) FROM %1$s',
            counted.place, counted.name
        );
    END LOOP;
END
$identities$;

-- name: gather_statistics
-- The rules are looked at before anybody else could gather them.
DO $statistics$
DECLARE
    filled regclass;
BEGIN
    FOR filled IN
        SELECT oid FROM pg_class
        WHERE relnamespace = to_regnamespace('ballast') AND relkind = 'r' ORDER BY relname
    LOOP
        EXECUTE format('ANALYZE %s', filled);
    END LOOP;
END
$statistics$;
