-- The end of an account's database, under the migrations' lock, which the guards know. Roles stay:
-- they are the server's, and another database of it may use them.

-- name: erase_schema
DROP SCHEMA IF EXISTS ballast CASCADE;

-- name: schema_is_there
SELECT to_regnamespace('ballast') IS NOT NULL;
