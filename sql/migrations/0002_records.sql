-- What a step recorded, as rows for people and queries. They come from the same transaction as
-- their frame and can be made again from it. `seq` is the input that led to a row, `ordinal` tells
-- rows of one input apart; times are nanoseconds UTC, ratios millionths, amounts exact.
-- Comparisons with Infinity also refuse NaN, which sorts above it.

CREATE TABLE ballast.verdict_slice (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    ts bigint NOT NULL,
    prediction_ts bigint NOT NULL,
    action integer[] NOT NULL,
    reason integer[] NOT NULL,
    p_up integer[] NOT NULL,
    expected_move integer[] NOT NULL,
    cost integer[] NOT NULL,
    edge integer[] NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT verdict_slice_columns CHECK (
        cardinality(action) = cardinality(reason) AND cardinality(action) = cardinality(p_up)
        AND cardinality(action) = cardinality(expected_move)
        AND cardinality(action) = cardinality(cost) AND cardinality(action) = cardinality(edge)
    )
);
COMMENT ON TABLE ballast.verdict_slice IS 'What was decided for every symbol at one instant, in symbol order';

CREATE TABLE ballast.refusal (
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
    reason text NOT NULL,
    value text NOT NULL,
    threshold text NOT NULL,
    gate text NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT refusal_side CHECK (side IN ('buy', 'sell'))
);
COMMENT ON TABLE ballast.refusal IS 'Intents that a gate refused, with what it saw and what it demanded';

CREATE TABLE ballast.trading_state (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    state text NOT NULL,
    kill_level bigint NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT trading_state_known CHECK (state IN ('Active', 'Reducing', 'Halted')),
    CONSTRAINT trading_state_kill_level CHECK (kill_level BETWEEN 0 AND 3)
);
COMMENT ON TABLE ballast.trading_state IS 'Every change of what may be sent';

CREATE TABLE ballast.order_event (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    cl_ord_id text NOT NULL,
    intent_no bigint NOT NULL,
    symbol text NOT NULL,
    side text NOT NULL,
    state text NOT NULL,
    quantity numeric NOT NULL,
    filled numeric NOT NULL,
    limit_price numeric NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT order_event_side CHECK (side IN ('buy', 'sell')),
    CONSTRAINT order_event_quantity_positive CHECK (quantity > 0 AND quantity < 'Infinity'),
    CONSTRAINT order_event_filled_within_quantity CHECK (filled BETWEEN 0 AND quantity),
    CONSTRAINT order_event_limit_price_positive CHECK (limit_price > 0 AND limit_price < 'Infinity')
);
COMMENT ON TABLE ballast.order_event IS 'Every move of every order';

CREATE TABLE ballast.fill (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    cl_ord_id text NOT NULL,
    exec_id text NOT NULL,
    symbol text NOT NULL,
    side text NOT NULL,
    quantity numeric NOT NULL,
    price numeric NOT NULL,
    cost numeric NOT NULL,
    fee numeric NOT NULL,
    fee_asset text NOT NULL,
    liquidity text NOT NULL,
    ts bigint NOT NULL,
    hold_after numeric NOT NULL,
    decision_price numeric NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT fill_exec_id_once UNIQUE (account_id, run_id, exec_id),
    CONSTRAINT fill_side CHECK (side IN ('buy', 'sell')),
    CONSTRAINT fill_liquidity CHECK (liquidity IN ('maker', 'taker')),
    CONSTRAINT fill_quantity_positive CHECK (quantity > 0 AND quantity < 'Infinity'),
    CONSTRAINT fill_price_positive CHECK (price > 0 AND price < 'Infinity'),
    CONSTRAINT fill_cost_not_negative CHECK (cost >= 0 AND cost < 'Infinity'),
    CONSTRAINT fill_finite CHECK (
        abs(fee) < 'Infinity'
        AND abs(hold_after) < 'Infinity'
        AND abs(decision_price) < 'Infinity'
    )
);
COMMENT ON TABLE ballast.fill IS 'Fills of known orders, each once';

CREATE TABLE ballast.transfer (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    transfer_no bigint NOT NULL,
    debit text NOT NULL,
    credit text NOT NULL,
    asset text NOT NULL,
    amount numeric NOT NULL,
    debit_balance numeric NOT NULL,
    credit_balance numeric NOT NULL,
    debit_sequence bigint NOT NULL,
    credit_sequence bigint NOT NULL,
    source text NOT NULL,
    cause text NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT transfer_transfer_no_once UNIQUE (account_id, run_id, transfer_no),
    CONSTRAINT transfer_amount_positive CHECK (amount > 0 AND amount < 'Infinity'),
    CONSTRAINT transfer_between_two CHECK (debit <> credit),
    CONSTRAINT transfer_debit_covered CHECK (
        debit_balance >= 0 OR debit NOT LIKE 'available:%' AND debit NOT LIKE 'held:%'
    ),
    CONSTRAINT transfer_credit_covered CHECK (
        credit_balance >= 0 OR credit NOT LIKE 'available:%' AND credit NOT LIKE 'held:%'
    ),
    CONSTRAINT transfer_finite CHECK (abs(debit_balance) < 'Infinity' AND abs(credit_balance) < 'Infinity')
);
COMMENT ON TABLE ballast.transfer IS 'Double entry: one row moves an amount from debit to credit';

CREATE TABLE ballast.trade_closed (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    cl_ord_id text NOT NULL,
    exec_id text NOT NULL,
    symbol text NOT NULL,
    quantity numeric NOT NULL,
    proceeds numeric NOT NULL,
    cost numeric NOT NULL,
    fee numeric NOT NULL,
    realised numeric NOT NULL,
    ts bigint NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT trade_closed_quantity_positive CHECK (quantity > 0 AND quantity < 'Infinity'),
    CONSTRAINT trade_closed_finite CHECK (
        abs(proceeds) < 'Infinity'
        AND abs(cost) < 'Infinity'
        AND abs(fee) < 'Infinity'
        AND abs(realised) < 'Infinity'
    )
);
COMMENT ON TABLE ballast.trade_closed IS 'Sales that consumed lots; realised is net of both fees';

CREATE TABLE ballast.portfolio_hour (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    hour_ts bigint NOT NULL,
    ts bigint NOT NULL,
    equity numeric NOT NULL,
    cash_free numeric NOT NULL,
    cash_held numeric NOT NULL,
    realised numeric NOT NULL,
    unrealised numeric NOT NULL,
    fees numeric NOT NULL,
    peak numeric NOT NULL,
    unmarked numeric NOT NULL,
    drawdown bigint NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT portfolio_hour_finite CHECK (
        abs(equity) < 'Infinity'
        AND abs(cash_free) < 'Infinity'
        AND abs(cash_held) < 'Infinity'
        AND abs(realised) < 'Infinity'
        AND abs(unrealised) < 'Infinity'
        AND abs(fees) < 'Infinity'
        AND abs(peak) < 'Infinity'
        AND abs(unmarked) < 'Infinity'
    )
);
COMMENT ON TABLE ballast.portfolio_hour IS 'The portfolio at a full hour, in its reporting currency';

CREATE TABLE ballast.position_hour (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    hour_ts bigint NOT NULL,
    symbol text NOT NULL,
    quantity numeric NOT NULL,
    free numeric NOT NULL,
    cost numeric NOT NULL,
    value numeric NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT position_hour_quantity_not_negative CHECK (
        quantity >= 0 AND quantity < 'Infinity'
    ),
    CONSTRAINT position_hour_finite CHECK (
        abs(free) < 'Infinity'
        AND abs(cost) < 'Infinity'
        AND abs(value) < 'Infinity'
    )
);
COMMENT ON TABLE ballast.position_hour IS 'Every held symbol at a full hour';

-- ALWAYS: session_replication_role switches ordinary triggers off.
DO $append_only$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY[
        'verdict_slice', 'refusal', 'trading_state', 'order_event',
        'fill', 'transfer', 'trade_closed', 'portfolio_hour',
        'position_hour'
    ] LOOP
        EXECUTE format(
            'CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ballast.%I '
            'FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change()', kept
        );
        EXECUTE format('ALTER TABLE ballast.%I ENABLE ALWAYS TRIGGER refuse_change', kept);
        EXECUTE format('GRANT SELECT, INSERT ON ballast.%I TO ballast_writer', kept);
        EXECUTE format('GRANT SELECT ON ballast.%I TO ballast_reader', kept);
    END LOOP;
END
$append_only$;
