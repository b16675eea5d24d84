-- A stand-in for the tests, where the real TimescaleDB cannot be installed. It takes the calls that we
-- make, keeps them in _timescaledb_catalog.called, and refuses what the real one is documented to
-- refuse, with its words. It has no chunks of its own: _timescaledb_functions.stand_in_chunk moves what
-- a table holds into one, an inherited table, where COPY TO of the table does not see it.

CREATE SCHEMA _timescaledb_catalog;
CREATE SCHEMA _timescaledb_functions;
CREATE SCHEMA _timescaledb_internal;
CREATE SCHEMA timescaledb_information;
GRANT USAGE ON SCHEMA
    _timescaledb_catalog, _timescaledb_functions, _timescaledb_internal, timescaledb_information
    TO PUBLIC;

CREATE TABLE _timescaledb_catalog.called (
    ordinal integer GENERATED ALWAYS AS IDENTITY, call text NOT NULL
);
CREATE TABLE _timescaledb_catalog.hypertable (
    relation regclass PRIMARY KEY, interval_length bigint, integer_now_func regproc,
    compression_enabled boolean NOT NULL DEFAULT false
);
CREATE TABLE _timescaledb_catalog.chunk (
    relation regclass PRIMARY KEY, hypertable regclass, range_start bigint, range_end bigint,
    is_compressed boolean NOT NULL DEFAULT false
);
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA _timescaledb_catalog TO PUBLIC;

CREATE VIEW timescaledb_information.hypertables AS
SELECT n.nspname AS hypertable_schema, r.relname AS hypertable_name, h.compression_enabled
FROM _timescaledb_catalog.hypertable h
JOIN pg_catalog.pg_class r ON r.oid = h.relation
JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace;

CREATE VIEW timescaledb_information.chunks AS
SELECT n.nspname AS hypertable_schema, r.relname AS hypertable_name,
    cn.nspname AS chunk_schema, cr.relname AS chunk_name,
    c.range_start AS range_start_integer, c.range_end AS range_end_integer, c.is_compressed
FROM _timescaledb_catalog.chunk c
JOIN pg_catalog.pg_class r ON r.oid = c.hypertable
JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
JOIN pg_catalog.pg_class cr ON cr.oid = c.relation
JOIN pg_catalog.pg_namespace cn ON cn.oid = cr.relnamespace;
GRANT SELECT ON ALL TABLES IN SCHEMA timescaledb_information TO PUBLIC;

CREATE FUNCTION _timescaledb_functions.note(call text) RETURNS void
LANGUAGE sql AS 'INSERT INTO _timescaledb_catalog.called (call) VALUES (call)';

CREATE FUNCTION _timescaledb_functions.licensed(name text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('timescaledb.license') <> 'timescale' THEN
        RAISE EXCEPTION 'function "%" is not supported under the current "%" license',
            name, current_setting('timescaledb.license')
            USING ERRCODE = 'feature_not_supported',
            HINT = 'Upgrade your license to ''timescale'' to use this free community feature.';
    END IF;
END
$$;

CREATE FUNCTION _timescaledb_functions.owned(relation regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_class r
        WHERE r.oid = relation AND pg_has_role(current_user, r.relowner, 'USAGE')
    ) THEN
        RAISE EXCEPTION 'must be owner of hypertable "%"', relation
            USING ERRCODE = 'insufficient_privilege';
    END IF;
END
$$;

CREATE FUNCTION _timescaledb_functions.insert_blocker() RETURNS trigger
LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';

CREATE TYPE _timescaledb_internal.dimension_info AS (column_name name, interval_length bigint);

CREATE FUNCTION public.by_range(
    column_name name, partition_interval anyelement = NULL::bigint, partition_func regproc = NULL
) RETURNS _timescaledb_internal.dimension_info
LANGUAGE sql AS 'SELECT (column_name, partition_interval::bigint)::_timescaledb_internal.dimension_info';

CREATE FUNCTION public.create_hypertable(
    relation regclass, dimension _timescaledb_internal.dimension_info,
    create_default_indexes boolean = true, if_not_exists boolean = false,
    migrate_data boolean = false
) RETURNS TABLE (hypertable_id integer, created boolean)
LANGUAGE plpgsql AS $$
DECLARE
    filled boolean;
BEGIN
    PERFORM _timescaledb_functions.owned(relation);
    IF EXISTS (SELECT FROM _timescaledb_catalog.hypertable h WHERE h.relation = $1) THEN
        RAISE EXCEPTION 'table "%" is already a hypertable', relation;
    END IF;
    IF EXISTS (
        SELECT FROM pg_catalog.pg_trigger t
        WHERE t.tgrelid = relation AND t.tgtype & 1 = 1
            AND (t.tgnewtable IS NOT NULL OR t.tgoldtable IS NOT NULL)
    ) THEN
        RAISE EXCEPTION 'hypertables do not support transition tables in triggers'
            USING ERRCODE = 'feature_not_supported';
    END IF;
    IF EXISTS (
        SELECT FROM pg_catalog.pg_index x
        WHERE x.indrelid = relation AND x.indisunique AND NOT EXISTS (
            SELECT FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = relation AND a.attname = (dimension).column_name
                AND a.attnum = ANY (x.indkey)
        )
    ) THEN
        RAISE EXCEPTION 'cannot create a unique index without the column "%" (used in partitioning)',
            (dimension).column_name USING ERRCODE = 'TS103';
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', relation) INTO filled;
    IF filled AND NOT migrate_data THEN
        RAISE EXCEPTION 'table "%" is not empty', relation USING ERRCODE = 'TS102',
            HINT = 'You can migrate data by specifying ''migrate_data => true'' when calling this '
                'function.';
    END IF;
    IF filled THEN
        -- The real one moves the rows to chunks and ends like this.
        EXECUTE format('TRUNCATE ONLY %s', relation);
    END IF;
    IF create_default_indexes THEN
        EXECUTE format('CREATE INDEX ON %s (%I DESC)', relation, (dimension).column_name);
    END IF;
    EXECUTE format(
        'CREATE TRIGGER ts_insert_blocker BEFORE INSERT ON %s FOR EACH ROW '
        'EXECUTE FUNCTION _timescaledb_functions.insert_blocker()', relation
    );
    INSERT INTO _timescaledb_catalog.hypertable (relation, interval_length)
    VALUES ($1, (dimension).interval_length);
    PERFORM _timescaledb_functions.note(format(
        'create_hypertable %s by %s %s', relation, (dimension).column_name,
        (dimension).interval_length
    ));
    RETURN QUERY SELECT 1, true;
END
$$;

CREATE FUNCTION public.set_integer_now_func(
    hypertable regclass, integer_now_func regproc, replace_if_exists boolean = false
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM _timescaledb_functions.owned(hypertable);
    IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_proc p WHERE p.oid = $2
            AND p.pronargs = 0 AND p.provolatile IN ('i', 's')
            AND p.prorettype = 'pg_catalog.int8'::regtype
    ) THEN
        RAISE EXCEPTION 'invalid custom time function' USING ERRCODE = 'invalid_parameter_value',
            HINT = 'A custom time function must take no arguments and be STABLE.';
    END IF;
    UPDATE _timescaledb_catalog.hypertable h SET integer_now_func = $2 WHERE h.relation = $1;
    PERFORM _timescaledb_functions.note(format('set_integer_now_func %s %s', $1, $2));
END
$$;

CREATE PROCEDURE public.convert_to_columnstore(
    chunk regclass, if_not_columnstore boolean = true, recompress boolean = false
)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM _timescaledb_functions.licensed('convert_to_columnstore');
    PERFORM _timescaledb_functions.owned(chunk);
    UPDATE _timescaledb_catalog.chunk c SET is_compressed = true WHERE c.relation = $1;
    PERFORM _timescaledb_functions.note(format('convert_to_columnstore %s', $1));
END
$$;

CREATE FUNCTION _timescaledb_functions.job_owner(hypertable regclass) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    owner name := (
        SELECT a.rolname FROM pg_catalog.pg_class r JOIN pg_catalog.pg_roles a ON a.oid = r.relowner
        WHERE r.oid = hypertable AND NOT a.rolcanlogin
    );
BEGIN
    IF owner IS NOT NULL THEN
        RAISE EXCEPTION 'permission denied to start background process as role "%"', owner
            USING ERRCODE = 'invalid_authorization_specification',
            HINT = 'Hypertable owner must have LOGIN permission to run background tasks.';
    END IF;
END
$$;

CREATE PROCEDURE public.add_columnstore_policy(hypertable regclass, after bigint = NULL)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM _timescaledb_functions.licensed('add_columnstore_policy');
    PERFORM _timescaledb_functions.job_owner(hypertable);
    PERFORM _timescaledb_functions.note(format('add_columnstore_policy %s', hypertable));
END
$$;

CREATE FUNCTION public.add_retention_policy(relation regclass, drop_after bigint) RETURNS integer
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM _timescaledb_functions.licensed('add_retention_policy');
    PERFORM _timescaledb_functions.job_owner(relation);
    PERFORM _timescaledb_functions.note(format('add_retention_policy %s', relation));
    RETURN 1;
END
$$;

-- For the tests alone: what the table itself holds goes into one chunk.
CREATE FUNCTION _timescaledb_functions.stand_in_chunk(hypertable regclass) RETURNS regclass
LANGUAGE plpgsql AS $$
DECLARE
    number integer := (SELECT count(*) FROM _timescaledb_catalog.chunk) + 1;
    name text := format('_timescaledb_internal._hyper_1_%s_chunk', number);
    lowest bigint;
    highest bigint;
BEGIN
    EXECUTE format('SELECT min(at), max(at) FROM ONLY %s', hypertable) INTO lowest, highest;
    EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING ALL) ', name, hypertable);
    EXECUTE format('INSERT INTO %s SELECT * FROM ONLY %s', name, hypertable);
    EXECUTE format('ALTER TABLE %s INHERIT %s', name, hypertable);
    EXECUTE format(
        'ALTER TABLE %s OWNER TO %s', name,
        (SELECT relowner::regrole FROM pg_catalog.pg_class WHERE oid = hypertable)
    );
    EXECUTE format('ALTER TABLE %s DISABLE TRIGGER refuse_change', hypertable);
    EXECUTE format('TRUNCATE ONLY %s', hypertable);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER refuse_change', hypertable);
    INSERT INTO _timescaledb_catalog.chunk (relation, hypertable, range_start, range_end)
    VALUES (name::regclass, hypertable, lowest, highest + 1);
    RETURN name::regclass;
END
$$;
