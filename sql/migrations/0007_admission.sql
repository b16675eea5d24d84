-- The third gate for orders, after risk and the orders actor: what was approved and what is to be
-- sent are rows, and the database does the sums again, by its own arithmetic, over its own rows.
-- What it refuses is a decision: the row is left out and named, the frame's orders are not sent, the
-- account halts. Facts are not asked: a transfer is never refused for what it leaves, so that the
-- hold of an order is judged where the order is.
--
-- What one row can answer is a CHECK. The rest is one trigger a table and statement, over the rows
-- that the statement added; it names the constraint, and the row as "input N, row M".

CREATE TABLE ballast.risk_profile (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    profile_id text NOT NULL,
    position_cap bigint NOT NULL,
    exposure_cap bigint NOT NULL,
    normal_cap bigint NOT NULL,
    normal_positions_max_count bigint NOT NULL,
    caution_drawdown bigint NOT NULL,
    caution_cap bigint NOT NULL,
    caution_positions_max_count bigint NOT NULL,
    defence_drawdown bigint NOT NULL,
    defence_cap bigint NOT NULL,
    defence_positions_max_count bigint NOT NULL,
    halt_drawdown bigint NOT NULL,
    edge_margin bigint NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT risk_profile_once UNIQUE (account_id, run_id),
    CONSTRAINT risk_profile_tightens CHECK (
        0 < caution_drawdown AND caution_drawdown < defence_drawdown
        AND defence_drawdown < halt_drawdown AND halt_drawdown < 1000000
        AND 1000000 >= normal_cap AND normal_cap >= caution_cap AND caution_cap >= defence_cap
        AND defence_cap > 0
    ),
    CONSTRAINT risk_profile_no_leverage CHECK (
        0 < position_cap AND position_cap <= 1000000
        AND 0 < exposure_cap AND exposure_cap <= 1000000
    )
);
COMMENT ON TABLE ballast.risk_profile IS 'The limits by which a run decides, in millionths, stated at its start';

CREATE TABLE ballast.risk_verdict (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    intent_no bigint NOT NULL,
    symbol text NOT NULL,
    side text NOT NULL,
    limit_price numeric NOT NULL,
    decided_at bigint NOT NULL,
    action bigint NOT NULL,
    reason bigint NOT NULL,
    p_up bigint NOT NULL,
    expected_move bigint NOT NULL,
    cost bigint NOT NULL,
    reference_price numeric NOT NULL,
    quantity numeric NOT NULL,
    notional numeric NOT NULL GENERATED ALWAYS AS (quantity * limit_price) STORED,
    equity numeric NOT NULL,
    drawdown bigint NOT NULL,
    halt_at bigint NOT NULL,
    tier text NOT NULL,
    position_cap numeric NOT NULL,
    symbol_worth numeric NOT NULL,
    exposure_cap numeric NOT NULL,
    total_worth numeric NOT NULL,
    positions_count bigint NOT NULL,
    positions_max_count bigint NOT NULL,
    cash_free numeric NOT NULL,
    taker_fee numeric NOT NULL,
    edge_margin bigint NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT risk_verdict_intent_once UNIQUE (account_id, run_id, intent_no),
    CONSTRAINT risk_verdict_side CHECK (side IN ('buy', 'sell')),
    CONSTRAINT risk_verdict_quantity_positive CHECK (quantity > 0 AND quantity < 'Infinity'),
    CONSTRAINT risk_verdict_limit_price_positive CHECK (
        limit_price > 0 AND limit_price < 'Infinity'
    ),
    CONSTRAINT risk_verdict_finite CHECK (
        equity < 'Infinity' AND cash_free < 'Infinity'
        AND symbol_worth >= 0 AND total_worth >= 0 AND taker_fee >= 0
    ),
    CONSTRAINT risk_verdict_edge_above_cost CHECK (
        side <> 'buy' OR expected_move > cost AND expected_move - cost >= edge_margin
    ),
    CONSTRAINT risk_verdict_within_position_cap CHECK (
        side <> 'buy' OR symbol_worth + quantity * limit_price <= position_cap
    ),
    CONSTRAINT risk_verdict_within_exposure_cap CHECK (
        side <> 'buy' OR total_worth + quantity * limit_price <= exposure_cap
    ),
    CONSTRAINT risk_verdict_within_cash CHECK (
        side <> 'buy' OR quantity * limit_price * (1 + taker_fee) <= cash_free
    ),
    CONSTRAINT risk_verdict_positions_below_max CHECK (
        side <> 'buy' OR positions_count < positions_max_count
    ),
    CONSTRAINT risk_verdict_drawdown_below_halt CHECK (side <> 'buy' OR drawdown < halt_at)
);
COMMENT ON TABLE ballast.risk_verdict IS 'Intents that risk approved, with what it saw; `refusal` has the others';

CREATE TABLE ballast.order_request (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    cl_ord_id text NOT NULL,
    symbol text NOT NULL,
    side text NOT NULL,
    quantity numeric NOT NULL,
    limit_price numeric NOT NULL,
    decided_at bigint NOT NULL,
    deadline bigint NOT NULL,
    epoch bigint NOT NULL,
    intent_no bigint NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT order_request_once UNIQUE (account_id, cl_ord_id),
    CONSTRAINT order_request_side CHECK (side IN ('buy', 'sell')),
    CONSTRAINT order_request_quantity_positive CHECK (quantity > 0 AND quantity < 'Infinity'),
    CONSTRAINT order_request_limit_price_positive CHECK (
        limit_price > 0 AND limit_price < 'Infinity'
    ),
    CONSTRAINT order_request_deadline_after_decision CHECK (deadline > decided_at)
);
COMMENT ON TABLE ballast.order_request IS 'Orders as they go to the venue, each once';

-- What the triggers look up. Holds are few among transfers, and only they are in their index.
CREATE INDEX order_event_of_order ON ballast.order_event (account_id, cl_ord_id, seq, ordinal);
CREATE INDEX transfer_hold_placed ON ballast.transfer (account_id, source)
    WHERE source LIKE 'hold:%:place';
ALTER TABLE ballast.transfer DROP CONSTRAINT transfer_hold_covered;

-- Their plans are made once a connection, often while the tables are empty; so they are told to use
-- the indexes.
CREATE FUNCTION ballast.check_verdicts() RETURNS trigger
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
            WHEN a.edge_margin < p.edge_margin THEN 'risk_verdict_edge_margin_of_limits'
            WHEN a.drawdown >= p.halt_drawdown AND NOT EXISTS (
                SELECT FROM ballast.trading_state s
                WHERE s.account_id = a.account_id AND s.seq <= a.seq AND s.state <> 'Active'
            ) THEN 'risk_verdict_halt_reviewed'
        END AS rule
        FROM added a
        LEFT JOIN ballast.risk_profile p ON p.account_id = a.account_id AND p.run_id = a.run_id
            AND (p.seq, p.ordinal) < (a.seq, a.ordinal)
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

CREATE FUNCTION ballast.check_order_requests() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    broken record;
BEGIN
    SELECT judged.* INTO broken FROM (
        SELECT a.seq, a.ordinal, CASE
            WHEN v.quantity IS NULL THEN 'order_request_has_verdict'
            WHEN (a.symbol, a.side, a.limit_price) <> (v.symbol, v.side, v.limit_price)
                OR a.quantity > v.quantity THEN 'order_request_as_approved'
            WHEN h.amount IS NULL OR h.debit_balance < 0 OR h.credit_balance < 0
                OR h.amount < CASE a.side
                    WHEN 'buy' THEN a.quantity * a.limit_price * (1 + v.taker_fee)
                    ELSE a.quantity
                END THEN 'order_request_funds_held'
            WHEN s.state IS NULL OR s.state = 'Halted'
                OR a.side = 'buy' AND (s.state <> 'Active' OR s.kill_level > 0)
                THEN 'order_request_state_allows'
            WHEN a.epoch <> f.epoch THEN 'order_request_epoch_leads'
        END AS rule
        FROM added a
        LEFT JOIN ballast.risk_verdict v
            ON v.account_id = a.account_id AND v.run_id = a.run_id AND v.intent_no = a.intent_no
            AND (v.seq, v.ordinal) < (a.seq, a.ordinal)
        LEFT JOIN LATERAL (
            SELECT t.amount, t.debit_balance, t.credit_balance FROM ballast.transfer t
            WHERE t.account_id = a.account_id AND t.source = 'hold:' || a.cl_ord_id || ':place'
                AND t.source LIKE 'hold:%:place' AND (t.seq, t.ordinal) < (a.seq, a.ordinal)
                AND t.debit = 'available:' || t.asset AND t.credit = 'held:' || t.asset
                AND t.asset = split_part(a.symbol, '/', CASE a.side WHEN 'buy' THEN 2 ELSE 1 END)
            ORDER BY t.seq DESC, t.ordinal DESC LIMIT 1
        ) h ON true
        LEFT JOIN LATERAL (
            SELECT s.state, s.kill_level FROM ballast.trading_state s
            WHERE s.account_id = a.account_id AND (s.seq, s.ordinal) <= (a.seq, a.ordinal)
            ORDER BY s.seq DESC, s.ordinal DESC LIMIT 1
        ) s ON true
        LEFT JOIN LATERAL (
            SELECT f.epoch FROM ballast.journal_frame f
            WHERE f.account_id = a.account_id AND f.first_seq <= a.seq
            ORDER BY f.first_seq DESC LIMIT 1
        ) f ON true
    ) judged
    WHERE judged.rule IS NOT NULL ORDER BY judged.seq, judged.ordinal LIMIT 1;
    IF broken.rule IS NOT NULL THEN
        RAISE EXCEPTION 'An order breaks %.', broken.rule
            USING ERRCODE = 'check_violation', CONSTRAINT = broken.rule, TABLE = 'order_request',
                SCHEMA = 'ballast', DETAIL = format('input %s, row %s', broken.seq, broken.ordinal);
    END IF;
    RETURN NULL;
END
$$;

-- Where a row of what must come first was refused, what follows it stays: it is known why.
CREATE FUNCTION ballast.check_fills() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    broken record;
BEGIN
    SELECT a.seq, a.ordinal INTO broken FROM added a
    WHERE NOT EXISTS (
        SELECT FROM ballast.order_event o
        WHERE o.account_id = a.account_id AND o.cl_ord_id = a.cl_ord_id
            AND (o.seq, o.ordinal) < (a.seq, a.ordinal)
    ) AND NOT EXISTS (
        SELECT FROM ballast.row_refused r
        WHERE r.account_id = a.account_id AND r.seq <= a.seq AND r.table_name = 'order_event'
    )
    ORDER BY a.seq, a.ordinal LIMIT 1;
    IF broken.seq IS NOT NULL THEN
        RAISE EXCEPTION 'A fill has no order before it.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'fill_follows_order', TABLE = 'fill',
                SCHEMA = 'ballast', DETAIL = format('input %s, row %s', broken.seq, broken.ordinal);
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION ballast.check_trades() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    broken record;
BEGIN
    SELECT a.seq, a.ordinal INTO broken FROM added a
    WHERE NOT EXISTS (
        SELECT FROM ballast.fill f
        WHERE f.account_id = a.account_id AND f.cl_ord_id = a.cl_ord_id AND f.exec_id = a.exec_id
            AND f.seq <= a.seq
    ) AND NOT EXISTS (
        SELECT FROM ballast.trade_unexplained u
        WHERE u.account_id = a.account_id AND u.seq = a.seq
            AND u.cl_ord_id = a.cl_ord_id AND u.exec_id = a.exec_id
    ) AND NOT EXISTS (
        SELECT FROM ballast.row_refused r
        WHERE r.account_id = a.account_id AND r.seq <= a.seq
            AND r.table_name IN ('fill', 'trade_unexplained')
    )
    ORDER BY a.seq, a.ordinal LIMIT 1;
    IF broken.seq IS NOT NULL THEN
        RAISE EXCEPTION 'A closed trade has no fill before it.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'trade_closed_follows_fill',
                TABLE = 'trade_closed', SCHEMA = 'ballast',
                DETAIL = format('input %s, row %s', broken.seq, broken.ordinal);
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION
    ballast.check_verdicts, ballast.check_order_requests, ballast.check_fills, ballast.check_trades
    FROM PUBLIC;

CREATE TRIGGER check_added AFTER INSERT ON ballast.risk_verdict
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_verdicts();
CREATE TRIGGER check_added AFTER INSERT ON ballast.order_request
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_order_requests();
CREATE TRIGGER check_added AFTER INSERT ON ballast.fill
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_fills();
CREATE TRIGGER check_added AFTER INSERT ON ballast.trade_closed
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_trades();

-- ALWAYS: session_replication_role switches ordinary triggers off.
DO $append_only$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['risk_profile', 'risk_verdict', 'order_request'] LOOP
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
    FOREACH kept IN ARRAY ARRAY['risk_verdict', 'order_request', 'fill', 'trade_closed'] LOOP
        EXECUTE format('ALTER TABLE ballast.%I ENABLE ALWAYS TRIGGER check_added', kept);
    END LOOP;
END
$append_only$;

COMMENT ON CONSTRAINT risk_profile_once ON ballast.risk_profile IS 'A run decides by one profile; another one is another run';
COMMENT ON CONSTRAINT risk_profile_tightens ON ballast.risk_profile IS 'The deeper the drawdown, the less is allowed';
COMMENT ON CONSTRAINT risk_profile_no_leverage ON ballast.risk_profile IS 'No cap lets more be held than the account is worth';
COMMENT ON CONSTRAINT risk_verdict_intent_once ON ballast.risk_verdict IS 'An intent is approved once: one approval, one order';
COMMENT ON CONSTRAINT risk_verdict_side ON ballast.risk_verdict IS 'An intent buys or sells what is held; there is no short';
COMMENT ON CONSTRAINT risk_verdict_quantity_positive ON ballast.risk_verdict IS 'Nothing, less, or without limit is not approved';
COMMENT ON CONSTRAINT risk_verdict_limit_price_positive ON ballast.risk_verdict IS 'Every approval has a worst price';
COMMENT ON CONSTRAINT risk_verdict_finite ON ballast.risk_verdict IS 'NaN and Infinity would pass for room without end';
COMMENT ON CONSTRAINT risk_verdict_edge_above_cost ON ballast.risk_verdict IS 'An entry is expected to earn more than it costs, by the margin';
COMMENT ON CONSTRAINT risk_verdict_within_position_cap ON ballast.risk_verdict IS 'What is held, open buys at their worst and this entry stay within the cap of one position';
COMMENT ON CONSTRAINT risk_verdict_within_exposure_cap ON ballast.risk_verdict IS 'All positions, open buys at their worst and this entry stay within the cap of all';
COMMENT ON CONSTRAINT risk_verdict_within_cash ON ballast.risk_verdict IS 'An entry with its fee is paid from free cash: no leverage';
COMMENT ON CONSTRAINT risk_verdict_positions_below_max ON ballast.risk_verdict IS 'A further symbol needs a place';
COMMENT ON CONSTRAINT risk_verdict_drawdown_below_halt ON ballast.risk_verdict IS 'Beyond the halt, or the step after a review, nobody enters';
COMMENT ON CONSTRAINT order_request_once ON ballast.order_request IS 'A client order id names one order, in every run';
COMMENT ON CONSTRAINT order_request_side ON ballast.order_request IS 'An order buys or sells what is held; there is no short';
COMMENT ON CONSTRAINT order_request_quantity_positive ON ballast.order_request IS 'We never order nothing, less, or without limit';
COMMENT ON CONSTRAINT order_request_limit_price_positive ON ballast.order_request IS 'Every order of ours has a worst price';
COMMENT ON CONSTRAINT order_request_deadline_after_decision ON ballast.order_request IS 'The venue must not match what was dead when it was decided';
COMMENT ON FUNCTION ballast.check_verdicts IS 'An entry keeps the limits that its run stated: risk_verdict_limits_known, _tier_of_drawdown, _caps_of_tier, _edge_margin_of_limits, _halt_reviewed';
COMMENT ON FUNCTION ballast.check_order_requests IS 'An order was approved, is funded from what was free, and may be sent: order_request_has_verdict, _as_approved, _funds_held, _state_allows, _epoch_leads';
COMMENT ON FUNCTION ballast.check_fills IS 'A fill is of an order that was recorded before it: fill_follows_order';
COMMENT ON FUNCTION ballast.check_trades IS 'A closed trade is of a fill, or of a trade that no order explains: trade_closed_follows_fill';
