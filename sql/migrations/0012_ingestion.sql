-- What went in: the data that a run read and its model was trained on, every hole that was seen, and
-- how far each stream had come, hour by hour. All of it is derived from the inputs of the journal.

CREATE TABLE ballast.dataset (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    purpose text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    symbol text NOT NULL,
    "rows" bigint,
    first_ts bigint NOT NULL,
    last_ts bigint,
    gaps bigint,
    seed bigint,
    licence text NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT dataset_purpose CHECK (purpose IN ('feed', 'warm_up', 'training')),
    CONSTRAINT dataset_name_without_folder CHECK (name <> '' AND position('/' IN name) = 0),
    CONSTRAINT dataset_sha256_form CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT dataset_span CHECK (first_ts >= 0 AND first_ts <= last_ts),
    CONSTRAINT dataset_counts CHECK ("rows" > 0 AND gaps >= 0),
    CONSTRAINT dataset_seeded_or_recorded CHECK ((kind = 'seeded') = (seed IS NOT NULL))
);
COMMENT ON TABLE ballast.dataset IS 'What a run read (feed, warm_up) and what its model was trained on: a file, or a market made from a seed with the symbols of the run''s universe. rows, last_ts and gaps are empty where there is no end, or the loader cannot tell; gaps counts absent candles, or places where trade ids jump';
COMMENT ON CONSTRAINT dataset_purpose ON ballast.dataset IS 'Data of unknown use could be taken for some that the model did not see';
COMMENT ON CONSTRAINT dataset_name_without_folder ON ballast.dataset IS 'A file is told by its name and content; where it lies is the operator''s own business';
COMMENT ON CONSTRAINT dataset_sha256_form ON ballast.dataset IS 'Without its hash nobody can tell whether a file is the one that was read';
COMMENT ON CONSTRAINT dataset_span ON ballast.dataset IS 'Data ends after it begins';
COMMENT ON CONSTRAINT dataset_counts ON ballast.dataset IS 'A loader refuses a file without a row, and nothing is missing less than not at all';
COMMENT ON CONSTRAINT dataset_seeded_or_recorded ON ballast.dataset IS 'A made-up market is made again from its seed; a recording has none';

-- ALWAYS: session_replication_role switches ordinary triggers off.
DO $append_only$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['dataset'] LOOP
        EXECUTE format(
            'CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ballast.%I '
            'FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change()', kept
        );
        EXECUTE format('ALTER TABLE ballast.%I ENABLE ALWAYS TRIGGER refuse_change', kept);
        EXECUTE format('GRANT SELECT, INSERT ON ballast.%I TO ballast_writer', kept);
        EXECUTE format('GRANT SELECT ON ballast.%I TO ballast_reader', kept);
        EXECUTE format(
            'COMMENT ON CONSTRAINT %I ON ballast.%I IS %L', kept || '_pkey', kept,
            'A row is told by its input and its place among that input''s rows, so none comes twice'
        );
    END LOOP;
END
$append_only$;
