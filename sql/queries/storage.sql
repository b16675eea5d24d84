-- What TimescaleDB there is, and what is asked of it where it is. Its functions are called by
-- EXECUTE, so that every block here can also be read by a server that has none of them. The name of a
-- table or chunk comes in the setting ballast.series, an answer goes out in ballast.told; both end with
-- the transaction.

-- name: storage_facts
SELECT split_part(current_setting('server_version'), ' ', 1) AS server_version,
    (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS installed,
    (
        SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb'
    ) AS available,
    coalesce(current_setting('timescaledb.license', true), '') AS license;

-- name: name_series
SELECT set_config('ballast.series', $1, true);

-- name: told
SELECT current_setting('ballast.told');

-- name: find_hypertables
DO $found$
DECLARE
    found text;
BEGIN
    EXECUTE $asked$
        SELECT coalesce(
            json_agg(json_build_object('name', hypertable_name, 'columnar', compression_enabled)
                ORDER BY hypertable_name), '[]')
        FROM timescaledb_information.hypertables WHERE hypertable_schema = 'ballast'
    $asked$ INTO found;
    PERFORM set_config('ballast.told', found, true);
END
$found$;

-- name: rebuildable_series
SELECT ballast.rebuildable_series();

-- name: convert_series
-- The rows are moved by us. The extension's own migrate_data ends with a TRUNCATE of the table, which
-- our trigger refuses; and to switch triggers off and on again a hypertable does not allow before
-- TimescaleDB of 2026, so it is done while the table is a plain one.
DO $convert$
DECLARE
    series constant text := format('ballast.%I', current_setting('ballast.series'));
    place constant text := (
        SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'timescaledb'
    );
    thirty_days constant bigint := 2592000000000000;
    kept bigint;
    moved bigint;
BEGIN
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', series);
    EXECUTE format('CREATE TABLE ballast.converting AS TABLE %s', series);
    GET DIAGNOSTICS kept = ROW_COUNT;
    EXECUTE format('ALTER TABLE %s DISABLE TRIGGER refuse_change', series);
    EXECUTE format('TRUNCATE %s', series);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER refuse_change', series);
    EXECUTE format(
        'SELECT %1$s.create_hypertable(%2$L::regclass, %1$s.by_range(%3$L, %4$s::bigint), '
        'create_default_indexes => false)', place, series, 'at', thirty_days
    );
    EXECUTE format(
        'SELECT %s.set_integer_now_func(%L::regclass, %L::regproc)',
        place, series, 'ballast.newest_at'
    );
    EXECUTE format('INSERT INTO %s TABLE ballast.converting', series);
    EXECUTE format('SELECT count(*) FROM %s', series) INTO moved;
    IF moved <> kept THEN
        RAISE EXCEPTION '% of % rows arrived', moved, kept;
    END IF;
    DROP TABLE ballast.converting;
END
$convert$;

-- name: series_refuses
-- The trigger that refuses must still do so; where nothing comes of it, nothing was changed either.
DO $refuses$
DECLARE
    series constant text := format('ballast.%I', current_setting('ballast.series'));
    change text;
BEGIN
    FOREACH change IN ARRAY ARRAY['DELETE FROM %s', 'UPDATE %s SET ordinal = ordinal', 'TRUNCATE %s']
    LOOP
        BEGIN
            EXECUTE format(change, series);
            RAISE EXCEPTION 'it would take a %', split_part(change, ' ', 1);
        EXCEPTION
            WHEN SQLSTATE 'BL004' THEN NULL;
        END;
    END LOOP;
END
$refuses$;

-- name: enable_columns
DO $columns$
BEGIN
    EXECUTE format(
        'ALTER TABLE ballast.%I SET (timescaledb.enable_columnstore, '
        'timescaledb.segmentby = ''account_id'', timescaledb.orderby = ''at, seq, ordinal'')',
        current_setting('ballast.series')
    );
END
$columns$;

-- name: find_old_chunks
-- Those that ended a week before the newest journal: nothing but a run of an older market writes there.
DO $chunks$
DECLARE
    seven_days constant bigint := 604800000000000;
    found text;
BEGIN
    EXECUTE $asked$
        SELECT coalesce(
            json_agg(format('%I.%I', chunk_schema, chunk_name) ORDER BY range_end_integer), '[]')
        FROM timescaledb_information.chunks
        WHERE hypertable_schema = 'ballast' AND hypertable_name = $1 AND NOT is_compressed
            AND range_end_integer <= $2
    $asked$ INTO found USING current_setting('ballast.series'), ballast.newest_at() - seven_days;
    PERFORM set_config('ballast.told', found, true);
END
$chunks$;

-- name: compress_chunk
DO $compress$
BEGIN
    EXECUTE format(
        'CALL %s.convert_to_columnstore(%L::regclass)',
        (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'timescaledb'),
        current_setting('ballast.series')
    );
END
$compress$;

-- name: last_world
SELECT world, server_version, extension_version, hypertables, remark FROM ballast.storage_world
ORDER BY ordinal DESC LIMIT 1;

-- name: record_world
INSERT INTO ballast.storage_world (
    world, server_version, extension_version, hypertables, remark, code_version
) VALUES ($1, $2, $3, $4, $5, $6);
