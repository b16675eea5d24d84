-- More answers of a model: horizons of one hour, four and a day, odds of a rebound, risk of a fall. All
-- or none of them, because a bundle without has nothing to say there, and rows of before stay as they are.

-- One column a statement: a hypertable in compressed chunks takes them so, and no new constraint. The
-- rules are therefore those of the trigger that is there already.
ALTER TABLE ballast.prediction_slice ADD COLUMN p_up_h1 integer[];
ALTER TABLE ballast.prediction_slice ADD COLUMN move_h1 integer[];
ALTER TABLE ballast.prediction_slice ADD COLUMN p_up_h4 integer[];
ALTER TABLE ballast.prediction_slice ADD COLUMN move_h4 integer[];
ALTER TABLE ballast.prediction_slice ADD COLUMN p_up_h24 integer[];
ALTER TABLE ballast.prediction_slice ADD COLUMN move_h24 integer[];
ALTER TABLE ballast.prediction_slice ADD COLUMN rebound integer[];
ALTER TABLE ballast.prediction_slice ADD COLUMN downside integer[];
COMMENT ON TABLE ballast.prediction_slice IS 'What a model said of every symbol, in symbol order and millionths; -2147483648 where it may not speak. What its bundle does not answer at all is NULL. Slices without a model, and those that only warm up, have no row';
COMMENT ON COLUMN ballast.prediction_slice.p_up_h1 IS 'P(up) an hour after the entry''s open';
COMMENT ON COLUMN ballast.prediction_slice.move_h1 IS 'Mean gross return until then';
COMMENT ON COLUMN ballast.prediction_slice.p_up_h4 IS 'P(up) four hours after the entry''s open';
COMMENT ON COLUMN ballast.prediction_slice.move_h4 IS 'Mean gross return until then';
COMMENT ON COLUMN ballast.prediction_slice.p_up_h24 IS 'P(up) a day after the entry''s open';
COMMENT ON COLUMN ballast.prediction_slice.move_h24 IS 'Mean gross return until then';
COMMENT ON COLUMN ballast.prediction_slice.rebound IS 'Odds that the highest open of the next 24 hours lies a daily sigma or more above the entry''s';
COMMENT ON COLUMN ballast.prediction_slice.downside IS 'Odds that the lowest open of the next 4 hours lies half a daily sigma or more below the entry''s';

CREATE OR REPLACE FUNCTION ballast.check_predictions() RETURNS trigger
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
            WHEN h.told <> 0 AND (h.told <> 8 OR EXISTS (
                SELECT FROM unnest(h.sizes) AS size WHERE size <> cardinality(a.p_up)
            )) THEN 'prediction_slice_heads_whole'
            WHEN NOT (0 <= ALL (h.odds) AND 1000000 >= ALL (h.odds))
                THEN 'prediction_slice_heads_odds'
        END AS rule
        FROM added a
        CROSS JOIN LATERAL (
            SELECT num_nonnulls(
                a.p_up_h1, a.move_h1, a.p_up_h4, a.move_h4, a.p_up_h24, a.move_h24,
                a.rebound, a.downside
            ) AS told,
            ARRAY[
                cardinality(a.p_up_h1), cardinality(a.move_h1), cardinality(a.p_up_h4),
                cardinality(a.move_h4), cardinality(a.p_up_h24), cardinality(a.move_h24),
                cardinality(a.rebound), cardinality(a.downside)
            ] AS sizes,
            array_remove(
                a.p_up_h1 || a.p_up_h4 || a.p_up_h24 || a.rebound || a.downside, -2147483648
            ) AS odds
        ) h
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
COMMENT ON FUNCTION ballast.check_predictions IS 'A model speaks only where it was activated, says what it had seen, and says all or nothing of its further answers, in odds that can be: prediction_slice_model_known, _model_activated, _sample_told, _heads_whole, _heads_odds';

-- What manifests hash, stated anew: rows of before have the hash that they had.
CREATE OR REPLACE VIEW ballast.derived_row AS
SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'run_context'::text AS table_name,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8')) AS row_hash
FROM ballast.run_context r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'universe_version'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.universe_version r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'universe_member'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.universe_member r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'instrument'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.instrument r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'profile'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.profile r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'profile_assignment'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.profile_assignment r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'model_version'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.model_version r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'training_window'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.training_window r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'regime_cut'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.regime_cut r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'training_fold'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.training_fold r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'activation'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.activation r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'operator_action'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.operator_action r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'dataset'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.dataset r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'bar_slice'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.bar_slice r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'feature_schema'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.feature_schema r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'feature_slice'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.feature_slice r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'regime_slice'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.regime_slice r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'prediction_slice'::text,
    sha256(convert_to((to_jsonb(r) - CASE WHEN r.p_up_h1 IS NULL THEN ARRAY[
        'p_up_h1', 'move_h1', 'p_up_h4', 'move_h4', 'p_up_h24', 'move_h24', 'rebound', 'downside'
    ] ELSE ARRAY[]::text[] END)::text, 'UTF8'))
FROM ballast.prediction_slice r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'risk_profile'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.risk_profile r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'trading_state'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.trading_state r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'verdict_slice'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.verdict_slice r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'refusal'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.refusal r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'risk_verdict'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.risk_verdict r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'order_event'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.order_event r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'transfer'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.transfer r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'order_request'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.order_request r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'fill'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.fill r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'trade_unexplained'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.trade_unexplained r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'trade_closed'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.trade_closed r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'lot'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.lot r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'lot_consumed'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.lot_consumed r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'ledger_entry'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.ledger_entry r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'portfolio_hour'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.portfolio_hour r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'position_hour'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.position_hour r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'risk_hour'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.risk_hour r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'cluster_hour'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.cluster_hour r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'ingestion_gap'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.ingestion_gap r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'ingestion_watermark'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.ingestion_watermark r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'row_refused'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.row_refused r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'order_amendment'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.order_amendment r;
