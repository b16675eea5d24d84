-- What the migration runner asks. Migrations themselves are whole files in sql/migrations.

-- name: lock_migrations
SELECT pg_advisory_lock(731600001);

-- name: unlock_migrations
SELECT pg_advisory_unlock(731600001);

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
ALTER TABLE ballast.migration ADD COLUMN IF NOT EXISTS code_version text NOT NULL DEFAULT '';

-- name: applied_migrations
SELECT number, name, sha256 FROM ballast.migration ORDER BY number;

-- name: record_migration
INSERT INTO ballast.migration (number, name, sha256, code_version) VALUES ($1, $2, $3, $4);
