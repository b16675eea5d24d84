-- What a prediction was made from: the closed bars and the features of every symbol, the regime that a
-- bundle sees in them, and the chain bar -> features -> regime and prediction. Numbers are the message's own bytes: float64,
-- little-endian, a symbol after the other in the universe's order, so a replay compares every bit.
-- The keys of all slices hold `at`, by which they may be partitioned later.

CREATE TABLE ballast.bar_slice (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    open_ts bigint NOT NULL,
    close_ts bigint NOT NULL,
    numbers bytea NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal, at),
    CONSTRAINT bar_slice_span CHECK (open_ts < close_ts),
    CONSTRAINT bar_slice_aligned CHECK (open_ts % nullif(close_ts - open_ts, 0) = 0),
    CONSTRAINT bar_slice_closed CHECK (close_ts <= at)
);
COMMENT ON TABLE ballast.bar_slice IS 'The closed bar of every symbol: open, high, low, close, volume, count; NaN where nothing traded. History that only warms up has no row';
COMMENT ON CONSTRAINT bar_slice_span ON ballast.bar_slice IS 'A bar closes after it opens';
COMMENT ON CONSTRAINT bar_slice_aligned ON ballast.bar_slice IS 'Bars lie on multiples of their length, hourly ones on full hours: others would mix two hours of market';
COMMENT ON CONSTRAINT bar_slice_closed ON ballast.bar_slice IS 'A bar known before it closed has looked ahead';
CREATE INDEX bar_slice_close ON ballast.bar_slice (account_id, run_id, close_ts);

CREATE TABLE ballast.feature_schema (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    schema_hash text NOT NULL,
    names text[] NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT feature_schema_once UNIQUE (account_id, run_id),
    CONSTRAINT feature_schema_names CHECK (cardinality(names) > 0)
);
COMMENT ON TABLE ballast.feature_schema IS 'The names of a run''s feature columns, in their order, and the hash of the catalogue that says how each is computed';
COMMENT ON CONSTRAINT feature_schema_once ON ballast.feature_schema IS 'The slices of a run are read by one catalogue; another one is another run';
COMMENT ON CONSTRAINT feature_schema_names ON ballast.feature_schema IS 'Without names nobody can read a slice';

CREATE TABLE ballast.feature_slice (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    close_ts bigint NOT NULL,
    numbers bytea NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal, at)
);
COMMENT ON TABLE ballast.feature_slice IS 'The features of every symbol at a bar''s close, in the columns that feature_schema names; NaN where windows are not full. History that only warms up has no row';
CREATE INDEX feature_slice_close ON ballast.feature_slice (account_id, run_id, close_ts);

CREATE TABLE ballast.regime_cut (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    bundle_id text NOT NULL,
    name text NOT NULL,
    feature text NOT NULL,
    share_below bigint NOT NULL,
    micros bigint NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT regime_cut_once UNIQUE (account_id, run_id, name),
    CONSTRAINT regime_cut_share CHECK (share_below > 0 AND share_below < 1000000)
);
COMMENT ON TABLE ballast.regime_cut IS 'The cuts by which the bundle of a run tells regimes, in millionths; share_below is the quantile of the fitted data';
COMMENT ON CONSTRAINT regime_cut_once ON ballast.regime_cut IS 'Regimes are told by one set of cuts; another one is another bundle and run';
COMMENT ON CONSTRAINT regime_cut_share ON ballast.regime_cut IS 'A cut with all data on one side cuts nothing';

CREATE TABLE ballast.regime_slice (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    close_ts bigint NOT NULL,
    bundle_id text NOT NULL,
    regime integer[] NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal, at),
    CONSTRAINT regime_slice_known CHECK (regime <@ ARRAY[0, 1, 2, 3, -2147483648])
);
COMMENT ON TABLE ballast.regime_slice IS 'The regime of every symbol, in symbol order: 0 range, 1 trend, 2 high volatility, 3 stress, -2147483648 where a feature is not known. Runs without a model have none';
COMMENT ON CONSTRAINT regime_slice_known ON ballast.regime_slice IS 'A regime of no known meaning tells nobody anything';
CREATE INDEX regime_slice_close ON ballast.regime_slice (account_id, run_id, close_ts);

-- Kilobytes of mantissas that compression does not shorten, for four times the time of a row.
ALTER TABLE ballast.bar_slice ALTER COLUMN numbers SET STORAGE EXTERNAL;
ALTER TABLE ballast.feature_slice ALTER COLUMN numbers SET STORAGE EXTERNAL;

-- Rows of one COPY follow each other, the first one follows what the run has. They are sorted without
-- their kilobytes of numbers.
CREATE FUNCTION ballast.check_bars() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    broken record;
BEGIN
    WITH slice AS MATERIALIZED (
        SELECT account_id, run_id, seq, ordinal, close_ts, octet_length(numbers) AS bytes FROM added
    )
    SELECT judged.* INTO broken FROM (
        SELECT a.seq, a.ordinal, CASE
            WHEN a.bytes IS DISTINCT FROM 48 * u.symbols_count
                THEN 'bar_slice_symbols'
            WHEN a.close_ts <= coalesce(
                lag(a.close_ts) OVER (PARTITION BY a.account_id, a.run_id ORDER BY a.seq, a.ordinal),
                (
                    SELECT b.close_ts FROM ballast.bar_slice b
                    WHERE b.account_id = a.account_id AND b.run_id = a.run_id
                        AND (b.seq, b.ordinal) < (a.seq, a.ordinal)
                    ORDER BY b.close_ts DESC LIMIT 1
                )
            ) THEN 'bar_slice_follows'
        END AS rule
        FROM slice a
        LEFT JOIN ballast.universe_version u
            ON u.account_id = a.account_id AND u.run_id = a.run_id
            AND (u.seq, u.ordinal) < (a.seq, a.ordinal)
    ) judged
    WHERE judged.rule IS NOT NULL ORDER BY judged.seq, judged.ordinal LIMIT 1;
    IF broken.rule IS NOT NULL THEN
        RAISE EXCEPTION 'A bar breaks %.', broken.rule
            USING ERRCODE = 'check_violation', CONSTRAINT = broken.rule,
                TABLE = 'bar_slice', SCHEMA = 'ballast',
                DETAIL = format('input %s, row %s', broken.seq, broken.ordinal);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION ballast.check_bars IS 'A run has one bar of every symbol for each close, later and later: bar_slice_symbols, _follows';
CREATE TRIGGER check_added AFTER INSERT ON ballast.bar_slice
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_bars();
ALTER TABLE ballast.bar_slice ENABLE ALWAYS TRIGGER check_added;

CREATE FUNCTION ballast.check_features() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    broken record;
BEGIN
    WITH slice AS MATERIALIZED (
        SELECT account_id, run_id, seq, ordinal, close_ts, octet_length(numbers) AS bytes FROM added
    )
    SELECT judged.* INTO broken FROM (
        SELECT a.seq, a.ordinal, CASE
            WHEN s.run_id IS NULL THEN 'feature_slice_schema_known'
            WHEN b.run_id IS NULL THEN 'feature_slice_follows_bar'
            -- A bar's 48 bytes a symbol against as many columns as the schema names.
            WHEN 6 * a.bytes <> cardinality(s.names) * octet_length(b.numbers)
                THEN 'feature_slice_columns'
            WHEN a.close_ts <= coalesce(
                lag(a.close_ts) OVER (PARTITION BY a.account_id, a.run_id ORDER BY a.seq, a.ordinal),
                (
                    SELECT f.close_ts FROM ballast.feature_slice f
                    WHERE f.account_id = a.account_id AND f.run_id = a.run_id
                        AND (f.seq, f.ordinal) < (a.seq, a.ordinal)
                    ORDER BY f.close_ts DESC LIMIT 1
                )
            ) THEN 'feature_slice_follows'
        END AS rule
        FROM slice a
        LEFT JOIN ballast.feature_schema s
            ON s.account_id = a.account_id AND s.run_id = a.run_id
            AND (s.seq, s.ordinal) < (a.seq, a.ordinal)
        LEFT JOIN ballast.bar_slice b
            ON b.account_id = a.account_id AND b.run_id = a.run_id AND b.close_ts = a.close_ts
            AND (b.seq, b.ordinal) < (a.seq, a.ordinal)
    ) judged
    WHERE judged.rule IS NOT NULL ORDER BY judged.seq, judged.ordinal LIMIT 1;
    IF broken.rule IS NOT NULL THEN
        RAISE EXCEPTION 'Features break %.', broken.rule
            USING ERRCODE = 'check_violation', CONSTRAINT = broken.rule,
                TABLE = 'feature_slice', SCHEMA = 'ballast',
                DETAIL = format('input %s, row %s', broken.seq, broken.ordinal);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION ballast.check_features IS 'Features come after their bar, once, in columns that the run has named: feature_slice_schema_known, _follows_bar, _columns, _follows';
CREATE TRIGGER check_added AFTER INSERT ON ballast.feature_slice
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_features();
ALTER TABLE ballast.feature_slice ENABLE ALWAYS TRIGGER check_added;

CREATE FUNCTION ballast.check_regimes() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    broken record;
BEGIN
    SELECT judged.* INTO broken FROM (
        SELECT a.seq, a.ordinal, CASE
            WHEN f.run_id IS NULL THEN 'regime_slice_follows_features'
            WHEN NOT EXISTS (
                SELECT FROM ballast.regime_cut c
                WHERE c.account_id = a.account_id AND c.run_id = a.run_id
                    AND c.bundle_id = a.bundle_id AND (c.seq, c.ordinal) < (a.seq, a.ordinal)
            ) THEN 'regime_slice_cuts_known'
            WHEN cardinality(a.regime) * 8 * cardinality(s.names) <> octet_length(f.numbers)
                THEN 'regime_slice_symbols'
        END AS rule
        FROM added a
        LEFT JOIN ballast.feature_slice f
            ON f.account_id = a.account_id AND f.run_id = a.run_id AND f.close_ts = a.close_ts
            AND (f.seq, f.ordinal) < (a.seq, a.ordinal)
        LEFT JOIN ballast.feature_schema s
            ON s.account_id = a.account_id AND s.run_id = a.run_id
    ) judged
    WHERE judged.rule IS NOT NULL ORDER BY judged.seq, judged.ordinal LIMIT 1;
    IF broken.rule IS NOT NULL THEN
        RAISE EXCEPTION 'A regime breaks %.', broken.rule
            USING ERRCODE = 'check_violation', CONSTRAINT = broken.rule,
                TABLE = 'regime_slice', SCHEMA = 'ballast',
                DETAIL = format('input %s, row %s', broken.seq, broken.ordinal);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION ballast.check_regimes IS 'A regime is told from features on record, by cuts that the run states, of every symbol: regime_slice_follows_features, _cuts_known, _symbols';
CREATE TRIGGER check_added AFTER INSERT ON ballast.regime_slice
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_regimes();
ALTER TABLE ballast.regime_slice ENABLE ALWAYS TRIGGER check_added;

-- Beside check_predictions, which asks who may speak: this one asks from what.
CREATE FUNCTION ballast.check_prediction_causes() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    broken record;
BEGIN
    SELECT judged.* INTO broken FROM (
        SELECT a.seq, a.ordinal, CASE
            WHEN f.run_id IS NULL THEN 'prediction_slice_follows_features'
            WHEN s.schema_hash IS DISTINCT FROM m.schema_hash THEN 'prediction_slice_schema_shared'
            WHEN cardinality(a.p_up) * 8 * cardinality(s.names) <> octet_length(f.numbers)
                THEN 'prediction_slice_symbols'
        END AS rule
        FROM added a
        LEFT JOIN ballast.feature_slice f
            ON f.account_id = a.account_id AND f.run_id = a.run_id AND f.close_ts = a.ts
            AND (f.seq, f.ordinal) < (a.seq, a.ordinal)
        LEFT JOIN ballast.feature_schema s
            ON s.account_id = a.account_id AND s.run_id = a.run_id
        LEFT JOIN ballast.model_version m
            ON m.account_id = a.account_id AND m.run_id = a.run_id
    ) judged
    WHERE judged.rule IS NOT NULL ORDER BY judged.seq, judged.ordinal LIMIT 1;
    IF broken.rule IS NOT NULL THEN
        RAISE EXCEPTION 'A prediction breaks %.', broken.rule
            USING ERRCODE = 'check_violation', CONSTRAINT = broken.rule,
                TABLE = 'prediction_slice', SCHEMA = 'ballast',
                DETAIL = format('input %s, row %s', broken.seq, broken.ordinal);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION ballast.check_prediction_causes IS 'A prediction is made of features on record, of its own model''s catalogue and of every symbol: prediction_slice_follows_features, _schema_shared, _symbols';
CREATE TRIGGER check_causes AFTER INSERT ON ballast.prediction_slice
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_prediction_causes();
ALTER TABLE ballast.prediction_slice ENABLE ALWAYS TRIGGER check_causes;
REVOKE ALL ON FUNCTION
    ballast.check_bars, ballast.check_features, ballast.check_regimes,
    ballast.check_prediction_causes FROM PUBLIC;

-- Version 15 has no cast from bytes to a number, and a function would need a grant for every reader:
-- sign, exponent and fraction are taken apart, exactly.
CREATE VIEW ballast.slice_number AS
SELECT s.kind, s.account_id, s.run_id, s.mode, s.hour_ts_utc, s.seq, s.ordinal, s.at, s.close_ts,
    n.position, CASE
        WHEN p.exponent = 2047 AND p.fraction <> 0 THEN 'NaN'::double precision
        WHEN p.exponent = 2047 THEN p.sign * 'Infinity'::double precision
        -- In two steps: the smallest numbers have no normal power of two.
        WHEN p.exponent = 0
            THEN p.sign * p.fraction::double precision * power(2::double precision, -1022)
                * power(2::double precision, -52)
        ELSE p.sign * (1 + p.fraction::double precision / 4503599627370496)
            * power(2::double precision, p.exponent - 1023)
    END AS number
FROM (
    SELECT 'bar' AS kind, account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, close_ts, numbers
    FROM ballast.bar_slice
    UNION ALL
    SELECT 'feature' AS kind, account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, close_ts,
        numbers
    FROM ballast.feature_slice
) s
CROSS JOIN LATERAL generate_series(0, octet_length(s.numbers) / 8 - 1) AS n (position)
CROSS JOIN LATERAL (
    SELECT (get_byte(w.b, 7) & 127) * 16 + get_byte(w.b, 6) / 16 AS exponent,
        1 - 2 * (get_byte(w.b, 7) / 128) AS sign,
        ((get_byte(w.b, 6) & 15)::bigint << 48) | (get_byte(w.b, 5)::bigint << 40)
            | (get_byte(w.b, 4)::bigint << 32) | (get_byte(w.b, 3)::bigint << 24)
            | (get_byte(w.b, 2)::bigint << 16) | (get_byte(w.b, 1)::bigint << 8)
            | get_byte(w.b, 0)::bigint AS fraction
    FROM (SELECT substring(s.numbers FROM 8 * n.position + 1 FOR 8) AS b) w
) p;
COMMENT ON VIEW ballast.slice_number IS 'Each number of each slice, to the last bit; position counts from 0, symbol after symbol';

CREATE VIEW ballast.bar AS
SELECT s.account_id, s.run_id, s.mode, s.hour_ts_utc, s.seq, s.ordinal, s.at,
    s.open_ts, s.close_ts, m.symbol,
    max(n.number) FILTER (WHERE n.position % 6 = 0) AS open,
    max(n.number) FILTER (WHERE n.position % 6 = 1) AS high,
    max(n.number) FILTER (WHERE n.position % 6 = 2) AS low,
    max(n.number) FILTER (WHERE n.position % 6 = 3) AS close,
    max(n.number) FILTER (WHERE n.position % 6 = 4) AS volume,
    max(n.number) FILTER (WHERE n.position % 6 = 5) AS count
FROM ballast.bar_slice s
JOIN ballast.slice_number n
    ON n.kind = 'bar' AND n.account_id = s.account_id AND n.seq = s.seq AND n.ordinal = s.ordinal
JOIN ballast.universe_member m
    ON m.account_id = s.account_id AND m.run_id = s.run_id AND m.place = n.position / 6
GROUP BY s.account_id, s.run_id, s.mode, s.hour_ts_utc, s.seq, s.ordinal, s.at,
    s.open_ts, s.close_ts, m.symbol;
COMMENT ON VIEW ballast.bar IS 'The bars of each symbol, read from the slices; NaN where nothing traded';

CREATE VIEW ballast.feature AS
SELECT n.account_id, n.run_id, n.mode, n.hour_ts_utc, n.seq, n.ordinal, n.at, n.close_ts,
    m.symbol, s.names[n.position % cardinality(s.names) + 1] AS name, n.number, s.schema_hash
FROM ballast.slice_number n
JOIN ballast.feature_schema s ON s.account_id = n.account_id AND s.run_id = n.run_id
JOIN ballast.universe_member m
    ON m.account_id = n.account_id AND m.run_id = n.run_id
    AND m.place = n.position / cardinality(s.names)
WHERE n.kind = 'feature';
COMMENT ON VIEW ballast.feature IS 'The features of each symbol by name, read from the slices; NaN where windows are not full';

CREATE VIEW ballast.regime AS
SELECT s.account_id, s.run_id, s.mode, s.hour_ts_utc, s.seq, s.ordinal, s.at, s.close_ts, m.symbol,
    CASE r.number
        WHEN 0 THEN 'range' WHEN 1 THEN 'trend' WHEN 2 THEN 'high volatility' WHEN 3 THEN 'stress'
    END AS regime, s.bundle_id
FROM ballast.regime_slice s
CROSS JOIN LATERAL unnest(s.regime) WITH ORDINALITY AS r (number, place)
JOIN ballast.universe_member m
    ON m.account_id = s.account_id AND m.run_id = s.run_id AND m.place = r.place - 1;
COMMENT ON VIEW ballast.regime IS 'The regime of each symbol in a word; nothing where a feature that decides is not known';

GRANT SELECT ON ballast.slice_number, ballast.bar, ballast.feature, ballast.regime
    TO ballast_writer, ballast_reader;

-- ALWAYS: session_replication_role switches ordinary triggers off.
DO $append_only$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY[
        'bar_slice', 'feature_schema', 'feature_slice', 'regime_cut', 'regime_slice'
    ] LOOP
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
