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

CREATE TABLE ballast.ingestion_gap (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    number bigint NOT NULL,
    stream text NOT NULL,
    place bigint NOT NULL,
    symbol text NOT NULL,
    kind text NOT NULL,
    told_by text NOT NULL,
    begins bigint NOT NULL,
    ends bigint,
    times bigint,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT ingestion_gap_kind CHECK (kind IN (
        'gap', 'stale', 'crossed', 'checksum', 'venue_status', 'clock_skew', 'lost_trades',
        'missing_bar'
    )),
    CONSTRAINT ingestion_gap_place CHECK (place >= -1 AND (place = -1) = (symbol = '')),
    CONSTRAINT ingestion_gap_span CHECK (begins <= ends),
    CONSTRAINT ingestion_gap_closing CHECK ((ends IS NULL) = (times IS NULL) AND times > 0)
);
-- A gap opens once and closes once; when it comes back it has another number.
CREATE UNIQUE INDEX ingestion_gap_opened_once ON ballast.ingestion_gap (account_id, number)
    WHERE ends IS NULL;
CREATE UNIQUE INDEX ingestion_gap_closed_once ON ballast.ingestion_gap (account_id, number)
    WHERE ends IS NOT NULL;
COMMENT ON TABLE ballast.ingestion_gap IS 'Every hole that was seen in the data, in two rows: one when it opens (ends is empty), one when it closes, which names the opening by its number. place is the symbol''s in the universe, -1 the whole run. A gap that comes back within the hour in which it was told is held open until the full hour; times says how often it came. missing_bar: nothing was traded, or nothing was seen of it';
COMMENT ON CONSTRAINT ingestion_gap_kind ON ballast.ingestion_gap IS 'A hole of unknown kind tells nobody what is missing';
COMMENT ON CONSTRAINT ingestion_gap_place ON ballast.ingestion_gap IS 'A gap is that of one symbol, or of the whole run';
COMMENT ON CONSTRAINT ingestion_gap_span ON ballast.ingestion_gap IS 'A gap ends after it begins';
COMMENT ON CONSTRAINT ingestion_gap_closing ON ballast.ingestion_gap IS 'What closed came at least once; what is open has not been counted';

CREATE TABLE ballast.ingestion_watermark (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    ts bigint NOT NULL,
    stream text NOT NULL,
    resumed boolean NOT NULL,
    newest_ts bigint[] NOT NULL,
    taken bigint[] NOT NULL,
    trade_ids bigint[] NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT ingestion_watermark_once UNIQUE (account_id, run_id, stream, ts, resumed),
    CONSTRAINT ingestion_watermark_hour CHECK (resumed OR ts % 3600000000000 = 0),
    CONSTRAINT ingestion_watermark_symbols CHECK (
        cardinality(newest_ts) > 0 AND cardinality(taken) = cardinality(newest_ts)
        AND cardinality(trade_ids) IN (0, cardinality(newest_ts))
    ),
    CONSTRAINT ingestion_watermark_counts CHECK (0 <= ALL (taken) AND 0 <= ALL (newest_ts))
);
COMMENT ON TABLE ballast.ingestion_watermark IS 'How far a stream had come at a full hour, by symbol in the order of the universe: the instant of the newest slice that told it (a candle''s open; 0 none yet), how many did since the watermark before, and the newest trade id where trades have one. resumed: told at a run''s start, of what the account had before it';
COMMENT ON CONSTRAINT ingestion_watermark_once ON ballast.ingestion_watermark IS 'A stream has one watermark an hour, and one where a run resumes';
COMMENT ON CONSTRAINT ingestion_watermark_hour ON ballast.ingestion_watermark IS 'Watermarks are set at full hours, UTC, and where a run resumes';
COMMENT ON CONSTRAINT ingestion_watermark_symbols ON ballast.ingestion_watermark IS 'Every symbol of the run has a value in every column; a stream without trade ids has none at all';
COMMENT ON CONSTRAINT ingestion_watermark_counts ON ballast.ingestion_watermark IS 'Nobody takes less than nothing, or from before all time';

CREATE FUNCTION ballast.check_gaps() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    broken record;
BEGIN
    SELECT a.seq, a.ordinal INTO broken
    FROM added a
    LEFT JOIN ballast.ingestion_gap o
        ON o.account_id = a.account_id AND o.number = a.number AND o.ends IS NULL
        AND (o.seq, o.ordinal) < (a.seq, a.ordinal)
    WHERE a.ends IS NOT NULL AND (a.stream, a.place, a.symbol, a.kind, a.begins)
        IS DISTINCT FROM (o.stream, o.place, o.symbol, o.kind, o.begins)
    ORDER BY a.seq, a.ordinal LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'A gap is closed that was not opened so.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ingestion_gap_closes_an_open_one',
                TABLE = 'ingestion_gap', SCHEMA = 'ballast',
                DETAIL = format('input %s, row %s', broken.seq, broken.ordinal);
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION ballast.check_gaps FROM PUBLIC;
COMMENT ON FUNCTION ballast.check_gaps IS 'A closing names a gap that was opened before it, of the same stream, symbol, kind and beginning: ingestion_gap_closes_an_open_one. Two unique indexes let a gap open once and close once; when it comes back it has another number';
CREATE TRIGGER check_added AFTER INSERT ON ballast.ingestion_gap
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_gaps();
ALTER TABLE ballast.ingestion_gap ENABLE ALWAYS TRIGGER check_added;

CREATE FUNCTION ballast.check_watermarks() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    broken record;
BEGIN
    SELECT a.seq, a.ordinal INTO broken
    FROM added a
    CROSS JOIN LATERAL (
        SELECT w.ts, w.newest_ts, w.trade_ids FROM ballast.ingestion_watermark w
        WHERE w.account_id = a.account_id AND w.run_id = a.run_id AND w.stream = a.stream
            AND (w.seq, w.ordinal) < (a.seq, a.ordinal)
        ORDER BY w.ts DESC, w.resumed LIMIT 1
    ) before
    WHERE a.ts < before.ts
        OR cardinality(a.newest_ts) <> cardinality(before.newest_ts)
        OR cardinality(a.trade_ids) < cardinality(before.trade_ids)
        OR EXISTS (
            SELECT FROM unnest(a.newest_ts, before.newest_ts) AS n (now, was) WHERE now < was
        ) OR EXISTS (
            SELECT FROM unnest(a.trade_ids, before.trade_ids) AS n (now, was) WHERE now < was
        )
    ORDER BY a.seq, a.ordinal LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'A watermark moves back.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ingestion_watermark_rises',
                TABLE = 'ingestion_watermark', SCHEMA = 'ballast',
                DETAIL = format('input %s, row %s', broken.seq, broken.ordinal);
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION ballast.check_watermarks FROM PUBLIC;
COMMENT ON FUNCTION ballast.check_watermarks IS 'Within a run no stream''s watermark, newest instant or newest trade id moves back: ingestion_watermark_rises';
CREATE TRIGGER check_added AFTER INSERT ON ballast.ingestion_watermark
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_watermarks();
ALTER TABLE ballast.ingestion_watermark ENABLE ALWAYS TRIGGER check_added;

CREATE VIEW ballast.open_gap AS
SELECT o.account_id, o.run_id, o.mode, o.hour_ts_utc, o.seq, o.ordinal, o.at, o.number, o.stream,
    o.place, o.symbol, o.kind, o.told_by, o.begins
FROM ballast.ingestion_gap o
LEFT JOIN ballast.ingestion_gap c
    ON c.account_id = o.account_id AND c.number = o.number AND c.ends IS NOT NULL
WHERE o.ends IS NULL AND c.number IS NULL;
COMMENT ON VIEW ballast.open_gap IS 'Holes that are open now; one that came back within its hour stays here until the full hour';
GRANT SELECT ON ballast.open_gap TO ballast_writer, ballast_reader;

-- ALWAYS: session_replication_role switches ordinary triggers off.
DO $append_only$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['dataset', 'ingestion_gap', 'ingestion_watermark'] LOOP
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
