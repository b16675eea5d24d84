-- What risk stood at when an hour was full: of the account, and of each cluster. They are records of
-- the input that brought the hour, beside portfolio_hour and position_hour, and tie with both.

CREATE TABLE ballast.risk_hour (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    hour_ts bigint NOT NULL,
    state text NOT NULL,
    kill_level bigint NOT NULL,
    closed text NOT NULL,
    drawdown bigint NOT NULL,
    halt_at bigint NOT NULL,
    tier text NOT NULL,
    position_cap bigint NOT NULL,
    exposure_cap bigint NOT NULL,
    positions_max_count bigint NOT NULL,
    orders_count bigint NOT NULL,
    unknown_count bigint NOT NULL,
    equity numeric NOT NULL,
    positions_worth numeric NOT NULL,
    claims_worth numeric NOT NULL,
    exposure numeric NOT NULL,
    share bigint,
    mark_age bigint,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT risk_hour_once UNIQUE (account_id, run_id, hour_ts),
    CONSTRAINT risk_hour_full CHECK (hour_ts % 3600000000000 = 0 AND hour_ts <= at),
    CONSTRAINT risk_hour_state CHECK (
        state IN ('Active', 'Reducing', 'Halted') AND kill_level BETWEEN 0 AND 3
    ),
    CONSTRAINT risk_hour_closed_as_it_stands CHECK (
        closed <> '' OR state = 'Active' AND kill_level = 0 AND drawdown < halt_at AND equity > 0
    ),
    CONSTRAINT risk_hour_counts CHECK (unknown_count BETWEEN 0 AND orders_count),
    CONSTRAINT risk_hour_exposure_adds_up CHECK (
        positions_worth >= 0 AND claims_worth >= 0 AND exposure = positions_worth + claims_worth
        AND exposure < 'Infinity'
    ),
    CONSTRAINT risk_hour_share_follows CHECK (
        (equity > 0) = (share IS NOT NULL)
        AND (
            share IS NULL
            OR exposure * 1000000 <= share * equity
            AND (share = 0 OR exposure * 1000000 > (share - 1) * equity)
        )
    )
);
COMMENT ON TABLE ballast.risk_hour IS 'What risk stood at when an hour was full: its state, the limits in force and the exposure at its worst; ratios in millionths';
COMMENT ON CONSTRAINT risk_hour_once ON ballast.risk_hour IS 'An hour is full once in a run';
COMMENT ON CONSTRAINT risk_hour_full ON ballast.risk_hour IS 'Hours are UTC and full, and nobody records one before it is over';
COMMENT ON CONSTRAINT risk_hour_state ON ballast.risk_hour IS 'A state that nobody knows says nothing of what was allowed';
COMMENT ON CONSTRAINT risk_hour_closed_as_it_stands ON ballast.risk_hour IS 'Entries are open only while nothing stands against them: kill level, halt, drawdown, missing equity';
COMMENT ON CONSTRAINT risk_hour_counts ON ballast.risk_hour IS 'An order of unknown outcome is an open order';
COMMENT ON CONSTRAINT risk_hour_exposure_adds_up ON ballast.risk_hour IS 'Exposure is what is held and what may still be bought; no side of it is negative';
COMMENT ON CONSTRAINT risk_hour_share_follows ON ballast.risk_hour IS 'The share is exposure over equity, rounded up, and unknown where there is no equity';

CREATE TABLE ballast.cluster_hour (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    hour_ts bigint NOT NULL,
    cluster text NOT NULL,
    version text NOT NULL,
    positions_worth numeric NOT NULL,
    claims_worth numeric NOT NULL,
    exposure numeric NOT NULL,
    share bigint,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT cluster_hour_once UNIQUE (account_id, run_id, hour_ts, cluster),
    CONSTRAINT cluster_hour_full CHECK (hour_ts % 3600000000000 = 0 AND hour_ts <= at),
    CONSTRAINT cluster_hour_exposure_adds_up CHECK (
        positions_worth >= 0 AND claims_worth >= 0 AND exposure = positions_worth + claims_worth
        AND exposure < 'Infinity'
    )
);
COMMENT ON TABLE ballast.cluster_hour IS 'The exposure of each cluster when an hour was full; version names the map from symbols to clusters';
COMMENT ON CONSTRAINT cluster_hour_once ON ballast.cluster_hour IS 'A cluster stands once in an hour';
COMMENT ON CONSTRAINT cluster_hour_full ON ballast.cluster_hour IS 'Hours are UTC and full, and nobody records one before it is over';
COMMENT ON CONSTRAINT cluster_hour_exposure_adds_up ON ballast.cluster_hour IS 'Exposure is what is held and what may still be bought; no side of it is negative';

-- ALWAYS: session_replication_role switches ordinary triggers off.
DO $append_only$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['risk_hour', 'cluster_hour'] LOOP
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
