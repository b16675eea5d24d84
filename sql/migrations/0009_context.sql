-- Under what a run decides, and who intervened: inputs of the journal as rows, written by the commit
-- that stores the input, so they can be made again from it. A run states its context at its start,
-- with its values, so that no row of another run has to be read to understand it.

CREATE TABLE ballast.run_context (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    epoch bigint NOT NULL,
    code_fingerprint text NOT NULL,
    settings_hash text NOT NULL,
    feed text NOT NULL,
    bundle_id text NOT NULL,
    bundle_marker text NOT NULL,
    genesis text NOT NULL,
    state text NOT NULL,
    gapless boolean NOT NULL,
    universe_hash text NOT NULL,
    settings text NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT run_context_once UNIQUE (account_id, run_id)
);
COMMENT ON TABLE ballast.run_context IS 'What a run was made of: everything that decides, stated at its start';
COMMENT ON CONSTRAINT run_context_once ON ballast.run_context IS 'A run is begun once, of one code, one setting and one universe';

CREATE TABLE ballast.universe_version (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    universe_hash text NOT NULL,
    symbols_count bigint NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal)
);
COMMENT ON TABLE ballast.universe_version IS 'The list of symbols that a run trades, named by its hash';

CREATE TABLE ballast.universe_member (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    universe_hash text NOT NULL,
    place bigint NOT NULL,
    symbol text NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT universe_member_place_once UNIQUE (account_id, run_id, place)
);
COMMENT ON TABLE ballast.universe_member IS 'The symbols of a universe; place is the index that every slice of the run uses, from 0';
COMMENT ON CONSTRAINT universe_member_place_once ON ballast.universe_member IS 'Slices are read by place: two symbols in one would mix their numbers';

CREATE TABLE ballast.instrument (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    place bigint NOT NULL,
    symbol text NOT NULL,
    base text NOT NULL,
    quote text NOT NULL,
    tick numeric NOT NULL,
    lot numeric NOT NULL,
    quantity_min numeric NOT NULL,
    cost_min numeric NOT NULL,
    quote_decimals bigint NOT NULL,
    maker_fee numeric NOT NULL,
    taker_fee numeric NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT instrument_once UNIQUE (account_id, run_id, place)
);
COMMENT ON TABLE ballast.instrument IS 'The rules of the venue by which a run decides, as they were on its first day';
COMMENT ON CONSTRAINT instrument_once ON ballast.instrument IS 'One rule a place and run, or nobody could say which one was kept';

CREATE TABLE ballast.profile (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    profile_hash text NOT NULL,
    kind text NOT NULL,
    content text NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT profile_hash_of_content CHECK (profile_hash = encode(sha256(convert_to(content, 'UTF8')), 'hex')),
    CONSTRAINT profile_kind CHECK (kind IN ('strategy', 'risk'))
);
COMMENT ON TABLE ballast.profile IS 'The strategy and the risk profile of a run, as canonical JSON';
COMMENT ON CONSTRAINT profile_hash_of_content ON ballast.profile IS 'A profile is named by what it says; another text has another name';
COMMENT ON CONSTRAINT profile_kind ON ballast.profile IS 'Two profiles decide: how to trade, and how much may be lost';

CREATE TABLE ballast.profile_assignment (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    profile_hash text NOT NULL,
    kind text NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT profile_assignment_once UNIQUE (account_id, run_id, kind)
);
COMMENT ON TABLE ballast.profile_assignment IS 'Which profile a run decides by';
COMMENT ON CONSTRAINT profile_assignment_once ON ballast.profile_assignment IS 'A run decides by one profile of a kind; another one is another run';

CREATE TABLE ballast.operator_action (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    kind text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    kill_level bigint,
    hole boolean NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT operator_action_kind CHECK (kind IN ('kill', 'reactivate', 'activate')),
    CONSTRAINT operator_action_level CHECK ((kind = 'kill') = (kill_level IS NOT NULL))
);
COMMENT ON TABLE ballast.operator_action IS 'What a person (or a watchdog) did to the run. What was before stands in trading_state; hole says that market data was let go meanwhile';
COMMENT ON CONSTRAINT operator_action_kind ON ballast.operator_action IS 'What nobody knows the meaning of cannot be audited';
COMMENT ON CONSTRAINT operator_action_level ON ballast.operator_action IS 'A kill switch sets a level, and nothing else does';

CREATE TABLE ballast.model_version (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    bundle_id text NOT NULL,
    name text NOT NULL,
    marker text NOT NULL,
    schema_hash text NOT NULL,
    gate text NOT NULL,
    trained_from bigint NOT NULL,
    trained_until bigint NOT NULL,
    embargo_ns bigint NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT model_version_once UNIQUE (account_id, run_id),
    CONSTRAINT model_version_trained CHECK (trained_from < trained_until AND embargo_ns >= 0)
);
COMMENT ON TABLE ballast.model_version IS 'The model of a run. What lies before trained_until, and within the embargo after it, is in sample';
COMMENT ON CONSTRAINT model_version_once ON ballast.model_version IS 'One model predicts in a run; another one is another run';
COMMENT ON CONSTRAINT model_version_trained ON ballast.model_version IS 'Without the span of its data nobody can tell what a model had seen';

CREATE TABLE ballast.training_window (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    bundle_id text NOT NULL,
    purpose text NOT NULL,
    begins bigint NOT NULL,
    ends bigint NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT training_window_once UNIQUE (account_id, run_id, purpose),
    CONSTRAINT training_window_purpose CHECK (purpose IN ('fit', 'calibrate', 'test')),
    CONSTRAINT training_window_span CHECK (begins < ends)
);
COMMENT ON TABLE ballast.training_window IS 'The spans of data on which the model of a run was fitted, calibrated and tested; the end is not part of it';
COMMENT ON CONSTRAINT training_window_once ON ballast.training_window IS 'A model is fitted, calibrated and tested on one span each';
COMMENT ON CONSTRAINT training_window_purpose ON ballast.training_window IS 'A span of unknown purpose could be taken for one that the model did not see';
COMMENT ON CONSTRAINT training_window_span ON ballast.training_window IS 'A span ends after it begins';

CREATE TABLE ballast.activation (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    bundle_id text NOT NULL,
    kind text NOT NULL,
    marker text NOT NULL,
    gate text NOT NULL,
    feed text NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT activation_once UNIQUE (account_id, run_id),
    CONSTRAINT activation_kind CHECK (kind IN ('SYNTHETIC_ONLY', 'PAPER_ONLY', 'LIVE')),
    CONSTRAINT activation_synthetic_on_seeded_feed CHECK (
        marker = 'SYNTHETIC_ONLY' AND kind = 'SYNTHETIC_ONLY' AND feed LIKE 'seeded:%'
        OR marker <> 'SYNTHETIC_ONLY' AND kind <> 'SYNTHETIC_ONLY'
    ),
    CONSTRAINT activation_of_refused_has_reason CHECK (gate = 'APPROVED' OR btrim(reason) <> ''),
    CONSTRAINT activation_live_approved CHECK (kind <> 'LIVE' OR gate = 'APPROVED'),
    CONSTRAINT activation_reaches_mode CHECK (mode <> 'LIVE' OR kind = 'LIVE')
);
COMMENT ON TABLE ballast.activation IS 'Who let the model of a run speak, how far and why. A backtest needs none: it trades nothing';
COMMENT ON CONSTRAINT activation_once ON ballast.activation IS 'A run has one model, activated once';
COMMENT ON CONSTRAINT activation_kind ON ballast.activation IS 'A permission of unknown reach is none';
COMMENT ON CONSTRAINT activation_synthetic_on_seeded_feed ON ballast.activation IS 'What was trained on a made-up market speaks of no other';
COMMENT ON CONSTRAINT activation_of_refused_has_reason ON ballast.activation IS 'A model that its gate refused speaks only on somebody''s word';
COMMENT ON CONSTRAINT activation_live_approved ON ballast.activation IS 'Nobody''s word lets a refused model trade money';
COMMENT ON CONSTRAINT activation_reaches_mode ON ballast.activation IS 'What was activated for paper does not trade money';

CREATE TABLE ballast.prediction_slice (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    ts bigint NOT NULL,
    bundle_id text NOT NULL,
    in_sample boolean NOT NULL,
    p_up integer[] NOT NULL,
    expected_move integer[] NOT NULL,
    uncertainty integer[] NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT prediction_slice_columns CHECK (
        cardinality(p_up) = cardinality(expected_move)
        AND cardinality(p_up) = cardinality(uncertainty)
    )
);
COMMENT ON TABLE ballast.prediction_slice IS 'What a model said of every symbol, in symbol order and millionths; -2147483648 where it may not speak. Slices without a model, and those that only warm up, have no row';
COMMENT ON CONSTRAINT prediction_slice_columns ON ballast.prediction_slice IS 'Every symbol of a slice has a value in every column';

-- A decision: what was predicted without permission, or under a false date, is not kept and not traded.
CREATE FUNCTION ballast.check_predictions() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    broken record;
BEGIN
    SELECT judged.* INTO broken FROM (
        SELECT a.seq, a.ordinal, CASE
            WHEN m.run_id IS NULL THEN 'prediction_slice_model_known'
            WHEN a.mode <> 'BACKTEST' AND v.run_id IS NULL
                THEN 'prediction_slice_model_activated'
            WHEN a.in_sample <> (a.ts < m.trained_until + m.embargo_ns)
                THEN 'prediction_slice_sample_told'
        END AS rule
        FROM added a
        LEFT JOIN ballast.model_version m
            ON m.account_id = a.account_id AND m.run_id = a.run_id AND m.bundle_id = a.bundle_id
            AND (m.seq, m.ordinal) < (a.seq, a.ordinal)
        LEFT JOIN ballast.activation v
            ON v.account_id = a.account_id AND v.run_id = a.run_id AND v.bundle_id = a.bundle_id
            AND (v.seq, v.ordinal) < (a.seq, a.ordinal)
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
REVOKE ALL ON FUNCTION ballast.check_predictions FROM PUBLIC;
COMMENT ON FUNCTION ballast.check_predictions IS 'A model speaks only where it was activated, and says what it had seen: prediction_slice_model_known, _model_activated, _sample_told';
CREATE TRIGGER check_added AFTER INSERT ON ballast.prediction_slice
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_predictions();
ALTER TABLE ballast.prediction_slice ENABLE ALWAYS TRIGGER check_added;

-- ALWAYS: session_replication_role switches ordinary triggers off.
DO $append_only$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY[
        'run_context', 'universe_version', 'universe_member', 'instrument', 'profile',
        'profile_assignment', 'operator_action', 'model_version', 'training_window', 'activation',
        'prediction_slice'
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
