-- Amendments: changes of resting orders, as they go to the venue, and the third gate for them. What
-- was approved is in risk_verdict, like every other approval; what became of one is in order_event.

CREATE TABLE ballast.order_amendment (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    cl_ord_id text NOT NULL,
    amend_no bigint NOT NULL,
    intent_no bigint NOT NULL,
    symbol text NOT NULL,
    side text NOT NULL,
    quantity numeric NOT NULL,
    filled numeric NOT NULL,
    limit_price numeric NOT NULL,
    decided_at bigint NOT NULL,
    deadline bigint NOT NULL,
    epoch bigint NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT order_amendment_once UNIQUE (account_id, cl_ord_id, amend_no),
    CONSTRAINT order_amendment_numbered CHECK (amend_no > 0),
    CONSTRAINT order_amendment_of_an_exit CHECK (side = 'sell'),
    CONSTRAINT order_amendment_something_left CHECK (
        filled >= 0 AND quantity > filled AND quantity < 'Infinity'
    ),
    CONSTRAINT order_amendment_limit_price_positive CHECK (
        limit_price > 0 AND limit_price < 'Infinity'
    ),
    CONSTRAINT order_amendment_deadline_after_decision CHECK (deadline > decided_at)
);
COMMENT ON TABLE ballast.order_amendment IS 'Changes of resting orders as they go to the venue, each once; quantity is the whole order, of which filled was filled when it was decided';
COMMENT ON CONSTRAINT order_amendment_pkey ON ballast.order_amendment IS 'A row is told by its input and its place among that input''s rows, so none comes twice';
COMMENT ON CONSTRAINT order_amendment_once ON ballast.order_amendment IS 'An order is changed for the n-th time once';
COMMENT ON CONSTRAINT order_amendment_numbered ON ballast.order_amendment IS 'Changes of an order are counted from 1; 0 is the order itself';
COMMENT ON CONSTRAINT order_amendment_of_an_exit ON ballast.order_amendment IS 'An entry is called back and decided anew, never changed';
COMMENT ON CONSTRAINT order_amendment_something_left ON ballast.order_amendment IS 'An order that is filled has nothing to change, and we never order without limit';
COMMENT ON CONSTRAINT order_amendment_limit_price_positive ON ballast.order_amendment IS 'Every order of ours has a worst price';
COMMENT ON CONSTRAINT order_amendment_deadline_after_decision ON ballast.order_amendment IS 'The venue must not carry out what was dead when it was decided';

-- The order as it stood is the newest row of order_event before the amendment.
CREATE FUNCTION ballast.check_order_amendments() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    broken record;
BEGIN
    SELECT judged.* INTO broken FROM (
        SELECT a.seq, a.ordinal, CASE
            WHEN o.state IS NULL OR o.state NOT IN ('open', 'partially_filled')
                OR (a.symbol, a.side, a.filled) <> (o.symbol, o.side, o.filled)
                THEN 'order_amendment_of_a_resting_order'
            WHEN a.quantity > o.quantity
                OR (a.quantity - o.filled) * a.limit_price > (o.quantity - o.filled) * o.limit_price
                THEN 'order_amendment_notional_not_raised'
            WHEN v.quantity IS NULL OR (a.symbol, a.side, a.limit_price, a.quantity - a.filled)
                <> (v.symbol, v.side, v.limit_price, v.quantity)
                THEN 'order_amendment_as_approved'
            WHEN s.state IS NULL OR s.state = 'Halted' THEN 'order_amendment_state_allows'
            WHEN a.epoch <> f.epoch THEN 'order_amendment_epoch_leads'
        END AS rule
        FROM added a
        LEFT JOIN LATERAL (
            SELECT o.state, o.symbol, o.side, o.quantity, o.filled, o.limit_price
            FROM ballast.order_event o
            WHERE o.account_id = a.account_id AND o.cl_ord_id = a.cl_ord_id
                AND (o.seq, o.ordinal) < (a.seq, a.ordinal)
            ORDER BY o.seq DESC, o.ordinal DESC LIMIT 1
        ) o ON true
        LEFT JOIN ballast.risk_verdict v
            ON v.account_id = a.account_id AND v.run_id = a.run_id AND v.intent_no = a.intent_no
            AND (v.seq, v.ordinal) < (a.seq, a.ordinal)
        LEFT JOIN LATERAL (
            SELECT s.state FROM ballast.trading_state s
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
        RAISE EXCEPTION 'An amendment breaks %.', broken.rule
            USING ERRCODE = 'check_violation', CONSTRAINT = broken.rule, TABLE = 'order_amendment',
                SCHEMA = 'ballast', DETAIL = format('input %s, row %s', broken.seq, broken.ordinal);
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION ballast.check_order_amendments FROM PUBLIC;
COMMENT ON FUNCTION ballast.check_order_amendments IS 'What rests is changed as it was approved, is worth no more than before, and may be sent: order_amendment_of_a_resting_order, _notional_not_raised, _as_approved, _state_allows, _epoch_leads';
CREATE TRIGGER check_added AFTER INSERT ON ballast.order_amendment
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_order_amendments();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ballast.order_amendment
    FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();
-- ALWAYS: session_replication_role switches ordinary triggers off.
ALTER TABLE ballast.order_amendment ENABLE ALWAYS TRIGGER check_added;
ALTER TABLE ballast.order_amendment ENABLE ALWAYS TRIGGER refuse_change;
GRANT SELECT, INSERT ON ballast.order_amendment TO ballast_writer;
GRANT SELECT ON ballast.order_amendment TO ballast_reader;

-- One more table whose rows an input led to.
DO $view$
BEGIN
    EXECUTE 'CREATE OR REPLACE VIEW ballast.derived_row AS '
        || rtrim(pg_get_viewdef('ballast.derived_row'::regclass), '; ')
        || ' UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at,'
        || ' ''order_amendment''::text, sha256(convert_to(to_jsonb(r)::text, ''UTF8''))'
        || ' FROM ballast.order_amendment r';
END
$view$;
