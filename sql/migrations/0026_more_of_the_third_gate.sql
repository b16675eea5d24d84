-- The third gate does more of risk's sums: clusters, quotes, the size by risk, the floor, the loss of a
-- day and the pace. Rows of before have none of it and stay as they are.

ALTER TABLE ballast.risk_profile
    ADD COLUMN position_risk bigint,
    ADD COLUMN cluster_cap bigint,
    ADD COLUMN quote_cap_cad bigint,
    ADD COLUMN quote_cap_usd bigint,
    ADD COLUMN quote_cap_usdc bigint,
    ADD COLUMN capital_floor bigint,
    ADD COLUMN day_loss_max bigint,
    ADD COLUMN entries_per_minute_max_count bigint,
    ADD CONSTRAINT risk_profile_bounds_losses CHECK (
        0 < position_risk AND position_risk <= 2000000 AND 0 < cluster_cap
        AND cluster_cap <= 1000000 AND 0 < quote_cap_cad AND quote_cap_cad <= 1000000
        AND 0 < quote_cap_usd AND quote_cap_usd <= 1000000 AND 0 < quote_cap_usdc
        AND quote_cap_usdc <= 1000000 AND capital_floor >= 0 AND 0 < day_loss_max
        AND day_loss_max <= 1000000 AND entries_per_minute_max_count > 0
    );
COMMENT ON CONSTRAINT risk_profile_bounds_losses ON ballast.risk_profile IS 'No cap lets more be one risk than the account is worth, no day loses more than everything, and a minute has an entry';
COMMENT ON COLUMN ballast.risk_profile.position_risk IS 'The base risk of one position at its greatest scale, in millionths of the equity';
COMMENT ON COLUMN ballast.risk_profile.cluster_cap IS 'Cap of what is one risk, in millionths of the equity';
COMMENT ON COLUMN ballast.risk_profile.capital_floor IS 'Equity in reporting currency that must be exceeded for an entry; 0 for none';
COMMENT ON COLUMN ballast.risk_profile.day_loss_max IS 'Loss of a UTC day in millionths at which nothing is bought any more';

ALTER TABLE ballast.risk_verdict
    ADD COLUMN cluster_cap numeric,
    ADD COLUMN cluster_worth numeric,
    ADD COLUMN quote_cap numeric,
    ADD COLUMN quote_worth numeric,
    ADD COLUMN risk numeric,
    ADD COLUMN account_equity numeric,
    ADD COLUMN capital_floor numeric,
    ADD COLUMN day_loss bigint,
    ADD COLUMN day_loss_max bigint,
    ADD CONSTRAINT risk_verdict_within_cluster_cap CHECK (
        side <> 'buy' OR (cluster_worth >= 0 AND cluster_worth + quantity * limit_price <= cluster_cap)
    ),
    ADD CONSTRAINT risk_verdict_within_quote_cap CHECK (
        side <> 'buy' OR (quote_worth >= 0 AND quote_worth + quantity * limit_price <= quote_cap)
    ),
    ADD CONSTRAINT risk_verdict_within_risk CHECK (
        side <> 'buy' OR symbol_worth + quantity * limit_price <= risk
    ),
    ADD CONSTRAINT risk_verdict_above_floor CHECK (
        side <> 'buy' OR (account_equity > capital_floor AND account_equity < 'Infinity')
    ),
    ADD CONSTRAINT risk_verdict_day_loss_below_max CHECK (side <> 'buy' OR day_loss < day_loss_max);
COMMENT ON CONSTRAINT risk_verdict_within_cluster_cap ON ballast.risk_verdict IS 'What is one risk, open buys at their worst and this entry stay within the cap of one risk';
COMMENT ON CONSTRAINT risk_verdict_within_quote_cap ON ballast.risk_verdict IS 'What is bought with a currency, open buys and this entry stay within the cap of that currency';
COMMENT ON CONSTRAINT risk_verdict_within_risk ON ballast.risk_verdict IS 'A position is no larger than its risk by volatility and confidence';
COMMENT ON CONSTRAINT risk_verdict_above_floor ON ballast.risk_verdict IS 'At or below the capital floor nobody enters';
COMMENT ON CONSTRAINT risk_verdict_day_loss_below_max ON ballast.risk_verdict IS 'A day that lost what it may lose buys nothing more';
COMMENT ON COLUMN ballast.risk_verdict.cluster_worth IS 'What stands against the cap of one risk, in quote currency; open buys at their worst';
COMMENT ON COLUMN ballast.risk_verdict.quote_worth IS 'What stands against the cap of the quote currency; open buys at their worst';
COMMENT ON COLUMN ballast.risk_verdict.risk IS 'What a position may be by base risk, volatility and confidence, in quote currency';
COMMENT ON COLUMN ballast.risk_verdict.account_equity IS 'Equity in reporting currency';
COMMENT ON COLUMN ballast.risk_verdict.capital_floor IS 'What it must exceed, in reporting currency';
COMMENT ON COLUMN ballast.risk_verdict.day_loss IS 'The greatest loss of the UTC day, in millionths';
COMMENT ON COLUMN ballast.risk_verdict.day_loss_max IS 'The loss at which a day buys nothing more';

CREATE OR REPLACE FUNCTION ballast.check_verdicts() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    broken record;
BEGIN
    SELECT judged.* INTO broken FROM (
        SELECT a.seq, a.ordinal, CASE
            WHEN p.run_id IS NULL THEN 'risk_verdict_limits_known'
            WHEN a.tier <> t.name THEN 'risk_verdict_tier_of_drawdown'
            WHEN a.position_cap * 1000000 > least(t.cap, p.position_cap) * a.equity
                OR a.exposure_cap * 1000000 > p.exposure_cap * a.equity
                OR a.positions_max_count > t.positions_max_count
                THEN 'risk_verdict_caps_of_tier'
            WHEN a.cluster_cap * 1000000 > p.cluster_cap * a.equity
                OR a.quote_cap * 1000000 > a.equity * CASE split_part(a.symbol, '/', 2)
                    WHEN 'CAD' THEN p.quote_cap_cad WHEN 'USD' THEN p.quote_cap_usd
                    WHEN 'USDC' THEN p.quote_cap_usdc ELSE 0 END
                OR a.risk * 1000000 > p.position_risk * a.equity
                OR a.capital_floor < p.capital_floor OR a.day_loss_max > p.day_loss_max
                THEN 'risk_verdict_caps_of_limits'
            WHEN a.edge_margin < p.edge_margin THEN 'risk_verdict_edge_margin_of_limits'
            WHEN a.drawdown >= p.halt_drawdown AND NOT EXISTS (
                SELECT FROM ballast.trading_state s
                WHERE s.account_id = a.account_id AND s.seq <= a.seq AND s.state <> 'Active'
            ) THEN 'risk_verdict_halt_reviewed'
            -- As many as a minute may have lie within it before this one.
            WHEN p.entries_per_minute_max_count <= (
                SELECT count(*) FROM (
                    SELECT v.at FROM ballast.risk_verdict v
                    WHERE v.account_id = a.account_id AND v.side = 'buy'
                        AND (v.seq, v.ordinal) < (a.seq, a.ordinal)
                    ORDER BY v.seq DESC, v.ordinal DESC
                    LIMIT p.entries_per_minute_max_count
                ) v WHERE v.at >= a.at - 60000000000
            ) THEN 'risk_verdict_pace'
        END AS rule
        FROM added a
        LEFT JOIN LATERAL (
            SELECT p.* FROM ballast.risk_profile p
            WHERE p.account_id = a.account_id AND p.run_id = a.run_id
                AND (p.seq, p.ordinal) < (a.seq, a.ordinal)
            ORDER BY p.seq DESC, p.ordinal DESC LIMIT 1
        ) p ON true
        CROSS JOIN LATERAL (
            SELECT 'defence' AS name, p.defence_cap AS cap,
                p.defence_positions_max_count AS positions_max_count
            WHERE a.drawdown >= p.defence_drawdown
            UNION ALL
            SELECT 'caution', p.caution_cap, p.caution_positions_max_count
            WHERE a.drawdown >= p.caution_drawdown AND a.drawdown < p.defence_drawdown
            UNION ALL
            SELECT 'normal', p.normal_cap, p.normal_positions_max_count
            WHERE a.drawdown < p.caution_drawdown OR p.run_id IS NULL
        ) t
        WHERE a.side = 'buy'
    ) judged
    WHERE judged.rule IS NOT NULL ORDER BY judged.seq, judged.ordinal LIMIT 1;
    IF broken.rule IS NOT NULL THEN
        RAISE EXCEPTION 'An approval breaks %.', broken.rule
            USING ERRCODE = 'check_violation', CONSTRAINT = broken.rule, TABLE = 'risk_verdict',
                SCHEMA = 'ballast', DETAIL = format('input %s, row %s', broken.seq, broken.ordinal);
    END IF;
    RETURN NULL;
END
$$;

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
    sha256(convert_to((to_jsonb(r) - CASE WHEN r.cluster_cap IS NULL THEN ARRAY[
        'position_risk', 'cluster_cap', 'quote_cap_cad', 'quote_cap_usd', 'quote_cap_usdc',
        'capital_floor', 'day_loss_max', 'entries_per_minute_max_count'
    ] ELSE ARRAY[]::text[] END)::text, 'UTF8'))
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
    sha256(convert_to((to_jsonb(r) - CASE WHEN r.cluster_cap IS NULL THEN ARRAY[
        'cluster_cap', 'cluster_worth', 'quote_cap', 'quote_worth', 'risk',
        'account_equity', 'capital_floor', 'day_loss', 'day_loss_max'
    ] ELSE ARRAY[]::text[] END)::text, 'UTF8'))
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
FROM ballast.order_amendment r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'profile_change'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.profile_change r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'cluster_map'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.cluster_map r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'currency_hour'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.currency_hour r;
