-- What the migration runner asks. Migrations themselves are whole files in sql/migrations.

-- name: lock_migrations
SELECT pg_advisory_lock(731600001);

-- name: unlock_migrations
SELECT pg_advisory_unlock(731600001);

-- name: lock_holders
-- Locks for a whole session or transaction that no table has: of migrations, and of a stream.
SELECT DISTINCT a.pid, coalesce(a.usename, 'unknown') AS role
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.pid <> pg_backend_pid()
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY a.pid;

-- name: migration_lock_holders
SELECT DISTINCT a.pid, coalesce(a.usename, 'unknown') AS role
FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.granted AND l.pid <> pg_backend_pid()
    AND l.classid = 0 AND l.objid = 731600001 AND l.objsubid = 1
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY a.pid;

-- name: act_as_owner
SET LOCAL ROLE ballast_owner;

-- name: create_migration_table
CREATE TABLE IF NOT EXISTS ballast.migration (
    number integer PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- name: extend_migration_table
-- Only when it is missing: ALTER TABLE waits for every reader, and so for a backup.
DO $extend$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = 'ballast.migration'::regclass AND attname = 'code_version'
    ) THEN
        ALTER TABLE ballast.migration ADD COLUMN code_version text NOT NULL DEFAULT '';
    END IF;
END
$extend$;

-- name: applied_migrations
SELECT number, name, sha256 FROM ballast.migration ORDER BY number;

-- name: record_migration
INSERT INTO ballast.migration (number, name, sha256, code_version) VALUES ($1, $2, $3, $4);
