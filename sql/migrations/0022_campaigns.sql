-- Campaigns: what a verdict was made of besides. Rows of before have none of it and stay as they are.

ALTER TABLE ballast.verdict_slice ADD COLUMN state integer[];
ALTER TABLE ballast.verdict_slice ADD COLUMN persisted integer[];
ALTER TABLE ballast.verdict_slice ADD COLUMN rebound integer[];
ALTER TABLE ballast.verdict_slice ADD COLUMN downside integer[];
ALTER TABLE ballast.verdict_slice ADD COLUMN move_h1 integer[];
ALTER TABLE ballast.verdict_slice ADD COLUMN p_up_h24 integer[];
ALTER TABLE ballast.verdict_slice ADD COLUMN value integer[];
ALTER TABLE ballast.verdict_slice ADD COLUMN threshold integer[];
ALTER TABLE ballast.verdict_slice ADD COLUMN profile_hash text;
ALTER TABLE ballast.verdict_slice ADD COLUMN prediction_hash text;
ALTER TABLE ballast.verdict_slice ADD COLUMN capital_hash text;
COMMENT ON COLUMN ballast.verdict_slice.state IS 'The class of P(up), from -2 (strongly negative) to 2 (strongly positive)';
COMMENT ON COLUMN ballast.verdict_slice.persisted IS 'For how many predictions in a row it was on its side of neutral';
COMMENT ON COLUMN ballast.verdict_slice.rebound IS 'Odds of a rebound that the model told, in millionths';
COMMENT ON COLUMN ballast.verdict_slice.downside IS 'Odds of a near fall that the model told, in millionths';
COMMENT ON COLUMN ballast.verdict_slice.move_h1 IS 'Expected move of an hour, in millionths';
COMMENT ON COLUMN ballast.verdict_slice.p_up_h24 IS 'P(up) of a day, in millionths';
COMMENT ON COLUMN ballast.verdict_slice.value IS 'What the deciding rung was asked of, in the rung''s own unit; the smallest integer where nothing is known';
COMMENT ON COLUMN ballast.verdict_slice.threshold IS 'The limit that the value was held against';
COMMENT ON COLUMN ballast.verdict_slice.profile_hash IS 'SHA-256 of the strategy''s thresholds in force, as in profile';
COMMENT ON COLUMN ballast.verdict_slice.prediction_hash IS 'SHA-256 of the whole prediction with its bundle: what the model said';
COMMENT ON COLUMN ballast.verdict_slice.capital_hash IS 'SHA-256 of portfolio and kill level as they were known; NULL before they were';

-- What was paid or had for what is filled, so that a campaign knows its own price.
ALTER TABLE ballast.order_event ADD COLUMN cost numeric;
COMMENT ON COLUMN ballast.order_event.cost IS 'What the venue charged or paid for what is filled, without fees, in quote currency; NULL before it was told';

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
    sha256(convert_to((to_jsonb(r) - CASE WHEN r.state IS NULL THEN ARRAY[
        'state', 'persisted', 'rebound', 'downside', 'move_h1', 'p_up_h24', 'value', 'threshold',
        'profile_hash', 'prediction_hash', 'capital_hash'
    ] ELSE ARRAY[]::text[] END)::text, 'UTF8'))
FROM ballast.verdict_slice r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'refusal'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.refusal r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'risk_verdict'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.risk_verdict r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'order_event'::text,
    sha256(convert_to((to_jsonb(r) - CASE WHEN r.cost IS NULL THEN ARRAY['cost']
        ELSE ARRAY[]::text[] END)::text, 'UTF8'))
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
