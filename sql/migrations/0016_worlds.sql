-- Three worlds: PostgreSQL alone, with TimescaleDB under the Apache licence, or in its Community
-- edition. The schema is the same in all three. What differs is only where the rows of a series lie:
-- in one table, or in chunks of a hypertable, into which `ballast db migrate` turns it.
--
-- Journal, ledger, orders and fills are plain tables everywhere: drop_chunks and a TRUNCATE of a chunk
-- pass the triggers that refuse both. So only what can be made again from the journal may lie in chunks.

-- Which tables may: the one list, for the conversion and for retention. A table that is not there (of
-- an older or a newer version) is left out.
CREATE FUNCTION ballast.rebuildable_series() RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    SELECT listed.name
    FROM unnest(ARRAY[
        'verdict_slice', 'prediction_slice', 'bar_slice', 'feature_slice', 'regime_slice'
    ]) WITH ORDINALITY AS listed (name, place)
    WHERE to_regclass(format('ballast.%I', listed.name)) IS NOT NULL
    ORDER BY listed.place
$$;
COMMENT ON FUNCTION ballast.rebuildable_series IS 'The tables that the journal can make again: only these may lie in chunks, and only of these may a sealed range be removed';

-- What a series holds is old by its own time, never by the clock of the machine: a recorded or a made-up
-- market lies in another year. To the hour, of the account that came furthest.
CREATE FUNCTION ballast.newest_at() RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce(max(head.hour_ts), 0)
        FROM (SELECT DISTINCT account_id FROM ballast.lease) AS named
        CROSS JOIN LATERAL (
            SELECT f.hour_ts FROM ballast.journal_frame f
            WHERE f.account_id = named.account_id ORDER BY f.first_seq DESC LIMIT 1
        ) AS head
    );
END
$$;
COMMENT ON FUNCTION ballast.newest_at IS 'How far the journals of this database have come, in nanoseconds, to the hour: by it the age of a chunk is judged';
REVOKE ALL ON FUNCTION ballast.rebuildable_series, ballast.newest_at FROM PUBLIC;

-- A hypertable's unique keys contain the column by which it is cut. The input decides `at`, so that
-- the key is as narrow as it was; validation slices_come_once sees to that.
DO $keys$
DECLARE
    series text;
BEGIN
    FOREACH series IN ARRAY ARRAY['verdict_slice', 'prediction_slice'] LOOP
        EXECUTE format(
            'ALTER TABLE ballast.%1$I DROP CONSTRAINT %2$I, '
            'ADD CONSTRAINT %2$I PRIMARY KEY (account_id, seq, ordinal, at)', series, series || '_pkey'
        );
        EXECUTE format(
            'COMMENT ON CONSTRAINT %I ON ballast.%I IS %L', series || '_pkey', series,
            'A row is told by its input and its place among that input''s rows, so none comes twice; '
            'a hypertable also demands the time by which it is cut'
        );
    END LOOP;
END
$keys$;

CREATE TABLE ballast.storage_world (
    ordinal bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    found_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    world text NOT NULL,
    server_version text NOT NULL,
    extension_version text NOT NULL,
    hypertables text[] NOT NULL,
    remark text NOT NULL,
    code_version text NOT NULL,
    PRIMARY KEY (ordinal),
    CONSTRAINT storage_world_known CHECK (world IN ('absent', 'apache', 'community')),
    CONSTRAINT storage_world_has_extension CHECK ((world = 'absent') = (extension_version = ''))
);
COMMENT ON TABLE ballast.storage_world IS 'What a start or a migration found of TimescaleDB when it differed from the time before. For people: nothing decides by it';
COMMENT ON CONSTRAINT storage_world_pkey ON ballast.storage_world IS 'Findings in their order';
COMMENT ON CONSTRAINT storage_world_known ON ballast.storage_world IS 'There are three worlds, and each has its statements';
COMMENT ON CONSTRAINT storage_world_has_extension ON ballast.storage_world IS 'Without the extension in use there is no version of it, and with it there is one';

-- ALWAYS: session_replication_role switches ordinary triggers off.
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ballast.storage_world
    FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();
ALTER TABLE ballast.storage_world ENABLE ALWAYS TRIGGER refuse_change;
GRANT SELECT, INSERT ON ballast.storage_world TO ballast_writer;
GRANT SELECT ON ballast.storage_world TO ballast_reader;
