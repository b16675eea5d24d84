-- The three roles and what each may do with the database at hand. Run by whoever may create roles,
-- before the migrations, as often as wanted.
--
--   ballast_owner   owns every object, cannot log in; migrations act as it
--   ballast_writer  the service: SELECT and INSERT, never UPDATE, DELETE or TRUNCATE
--   ballast_reader  people and dashboards: SELECT

DO $roles$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN
        SELECT * FROM (VALUES
            ('ballast_owner', 'NOLOGIN'),
            ('ballast_writer', 'LOGIN'),
            ('ballast_reader', 'LOGIN')
        ) AS listed (name, login)
    LOOP
        BEGIN
            EXECUTE format(
                'CREATE ROLE %I NOSUPERUSER NOCREATEDB NOCREATEROLE %s', wanted.name, wanted.login
            );
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;  -- roles belong to the whole server
        END;
    END LOOP;
    -- An administrator who is no superuser acts as the owner by membership.
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        EXECUTE format('GRANT ballast_owner TO %I', current_user);
    END IF;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format(
        'GRANT CONNECT ON DATABASE %I TO ballast_owner, ballast_writer, ballast_reader',
        current_database()
    );
    EXECUTE format('GRANT CREATE ON DATABASE %I TO ballast_owner', current_database());
END
$roles$;

CREATE SCHEMA IF NOT EXISTS ballast AUTHORIZATION ballast_owner;
REVOKE ALL ON SCHEMA ballast FROM PUBLIC;
GRANT USAGE ON SCHEMA ballast TO ballast_writer, ballast_reader;
