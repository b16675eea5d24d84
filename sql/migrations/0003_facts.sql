-- Facts of the venue are rows whatever they say; constraints stay on what we decide. A fill beyond
-- its order, an odd price or what follows from it in profit and portfolio was told by the venue and
-- must not be lost here: the ledger books it, a shortfall goes to suspense, and the account halts.
-- What stays on `transfer` is the form of double entry, which no fact can break, and that a hold,
-- which is our decision, never takes more than is free.

ALTER TABLE ballast.order_event DROP CONSTRAINT order_event_filled_within_quantity;

ALTER TABLE ballast.fill
    DROP CONSTRAINT fill_side,
    DROP CONSTRAINT fill_liquidity,
    DROP CONSTRAINT fill_quantity_positive,
    DROP CONSTRAINT fill_price_positive,
    DROP CONSTRAINT fill_cost_not_negative,
    DROP CONSTRAINT fill_finite,
    DROP CONSTRAINT fill_exec_id_once,
    -- The same trade of the same order twice is no second fact, also in a later run.
    ADD CONSTRAINT fill_trade_once UNIQUE (account_id, cl_ord_id, exec_id);

ALTER TABLE ballast.transfer
    DROP CONSTRAINT transfer_debit_covered,
    DROP CONSTRAINT transfer_credit_covered,
    ADD CONSTRAINT transfer_hold_covered CHECK (
        source NOT LIKE 'hold:%:place' OR debit_balance >= 0 AND credit_balance >= 0
    );

ALTER TABLE ballast.trade_closed
    DROP CONSTRAINT trade_closed_quantity_positive,
    DROP CONSTRAINT trade_closed_finite;

ALTER TABLE ballast.portfolio_hour DROP CONSTRAINT portfolio_hour_finite;

ALTER TABLE ballast.position_hour
    DROP CONSTRAINT position_hour_quantity_not_negative,
    DROP CONSTRAINT position_hour_finite;

CREATE TABLE ballast.trade_unexplained (
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
    venue_order_id text NOT NULL,
    booked boolean NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal)
);
COMMENT ON TABLE ballast.trade_unexplained IS 'Trades that no order of ours explains, as reported';

CREATE TABLE ballast.row_refused (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    table_name text NOT NULL,
    constraint_name text NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal)
);
COMMENT ON TABLE ballast.row_refused IS 'Rows that a constraint refused and that are missing from their table';

-- ALWAYS: session_replication_role switches ordinary triggers off.
DO $append_only$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['trade_unexplained', 'row_refused'] LOOP
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
