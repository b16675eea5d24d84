-- The canonical schema, written by `python ops/documents/schema.py` from what the migrations
-- make; never edited by hand. A test compares it with the migrations, `ballast db drift` with your
-- database. Every object stands under a line that names it.

--# role ballast_owner
-- NOLOGIN

--# role ballast_reader
-- LOGIN

--# role ballast_writer
-- LOGIN

--# schema ballast
CREATE SCHEMA ballast AUTHORIZATION ballast_owner;

--# function ballast.check_bars()
CREATE OR REPLACE FUNCTION ballast.check_bars()
 RETURNS trigger
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
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
$function$;

--# function ballast.check_environment()
CREATE OR REPLACE FUNCTION ballast.check_environment()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    begun record;
BEGIN
    PERFORM pg_catalog.pg_advisory_xact_lock(731600018);
    SELECT a.run_id, a.mode, r.mode AS kept INTO begun
    FROM added a JOIN ballast.run r ON (r.mode = 'LIVE') <> (a.mode = 'LIVE')
    WHERE a.mode IN ('LIVE', 'PAPER') AND r.mode IN ('LIVE', 'PAPER')
    ORDER BY a.ordinal LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'This database keeps % accounts; a run of mode % needs one of its own.',
            begun.kept, begun.mode
            USING ERRCODE = 'BL006';
    END IF;
    RETURN NULL;
END
$function$;

--# function ballast.check_features()
CREATE OR REPLACE FUNCTION ballast.check_features()
 RETURNS trigger
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
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
$function$;

--# function ballast.check_fills()
CREATE OR REPLACE FUNCTION ballast.check_fills()
 RETURNS trigger
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
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
$function$;

--# function ballast.check_frames()
CREATE OR REPLACE FUNCTION ballast.check_frames()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    frame record;
    head record;
    newest record;
BEGIN
    FOR frame IN
        SELECT account_id, first_seq, last_seq, epoch, run_id, root_before,
            pg_catalog.sha256(records) = checksum AS is_whole
        FROM added ORDER BY account_id, first_seq
    LOOP
        PERFORM ballast.lock_stream(frame.account_id);
        PERFORM ballast.check_leader(frame.account_id, frame.epoch);
        SELECT last_seq, root_after INTO head FROM ballast.journal_frame
        WHERE account_id = frame.account_id AND first_seq < frame.first_seq
        ORDER BY first_seq DESC LIMIT 1;
        IF frame.first_seq <> coalesce(head.last_seq, 0) + 1 THEN
            RAISE EXCEPTION 'A frame of inputs % to % does not follow input %.',
                frame.first_seq, frame.last_seq, coalesce(head.last_seq, 0)
                USING ERRCODE = 'BL002';
        END IF;
        IF frame.root_before <> coalesce(head.root_after, decode(repeat('00', 32), 'hex')) THEN
            RAISE EXCEPTION 'The frame does not continue the root of input %.',
                coalesce(head.last_seq, 0) USING ERRCODE = 'BL002';
        END IF;
        SELECT run.run_id, run_end.run_id IS NOT NULL AS has_ended INTO newest
        FROM ballast.run LEFT JOIN ballast.run_end USING (account_id, run_id)
        WHERE account_id = frame.account_id ORDER BY ordinal DESC LIMIT 1;
        IF newest.run_id IS DISTINCT FROM frame.run_id THEN
            RAISE EXCEPTION 'Run % is not the newest run; begin it first.', frame.run_id
                USING ERRCODE = 'BL002';
        END IF;
        IF newest.has_ended THEN
            RAISE EXCEPTION 'Run % has ended; begin another.', frame.run_id
                USING ERRCODE = 'BL002';
        END IF;
        IF NOT frame.is_whole THEN
            RAISE EXCEPTION 'The frame''s records do not have the frame''s checksum.'
                USING ERRCODE = 'BL003';
        END IF;
    END LOOP;
    RETURN NULL;
END
$function$;

--# function ballast.check_gaps()
CREATE OR REPLACE FUNCTION ballast.check_gaps()
 RETURNS trigger
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
DECLARE
    broken record;
BEGIN
    SELECT a.seq, a.ordinal INTO broken
    FROM added a
    LEFT JOIN ballast.ingestion_gap o
        ON o.account_id = a.account_id AND o.number = a.number AND o.ends IS NULL
        AND (o.seq, o.ordinal) < (a.seq, a.ordinal)
    WHERE a.ends IS NOT NULL AND (a.stream, a.place, a.symbol, a.kind, a.begins)
        IS DISTINCT FROM (o.stream, o.place, o.symbol, o.kind, o.begins)
    ORDER BY a.seq, a.ordinal LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'A gap is closed that was not opened so.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ingestion_gap_closes_an_open_one',
                TABLE = 'ingestion_gap', SCHEMA = 'ballast',
                DETAIL = format('input %s, row %s', broken.seq, broken.ordinal);
    END IF;
    RETURN NULL;
END
$function$;

--# function ballast.check_leader(text,bigint)
CREATE OR REPLACE FUNCTION ballast.check_leader(account text, held bigint)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    newest bigint := coalesce(
        (SELECT max(lease.epoch) FROM ballast.lease WHERE lease.account_id = account), 0
    );
BEGIN
    IF held <> newest THEN
        RAISE EXCEPTION 'Epoch % was replaced by epoch %; this writer must stop.', held, newest
            USING ERRCODE = 'BL001';
    END IF;
END
$function$;

--# function ballast.check_lease()
CREATE OR REPLACE FUNCTION ballast.check_lease()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN SELECT * FROM added ORDER BY account_id, epoch LOOP
        PERFORM ballast.lock_stream(wanted.account_id);
        IF wanted.epoch <> 1 + (
            SELECT coalesce(max(lease.epoch), 0) FROM ballast.lease
            WHERE lease.account_id = wanted.account_id AND lease.epoch < wanted.epoch
        ) OR EXISTS (
            SELECT FROM ballast.lease
            WHERE lease.account_id = wanted.account_id AND lease.epoch > wanted.epoch
        ) THEN
            RAISE EXCEPTION 'Epoch % is not the next one.', wanted.epoch USING ERRCODE = 'BL001';
        END IF;
    END LOOP;
    RETURN NULL;
END
$function$;

--# function ballast.check_lots()
CREATE OR REPLACE FUNCTION ballast.check_lots()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    fault record;
BEGIN
    SELECT a.number, a.quantity INTO fault FROM added a
    LEFT JOIN ballast.lot l ON l.account_id = a.account_id AND l.number = a.number
    LEFT JOIN LATERAL (
        SELECT c.remaining, c.seq, c.ordinal FROM ballast.lot_consumed c
        WHERE c.account_id = a.account_id AND c.number = a.number AND c.remaining > a.remaining
        ORDER BY c.remaining LIMIT 1
    ) c ON true
    WHERE coalesce(c.remaining, l.quantity) - a.quantity IS DISTINCT FROM a.remaining
        AND NOT EXISTS (
            SELECT FROM ballast.row_refused r
            WHERE r.account_id = a.account_id AND r.table_name IN ('lot', 'lot_consumed')
                AND (r.seq, r.ordinal) < (a.seq, a.ordinal)
                AND (r.seq, r.ordinal)
                    > (coalesce(c.seq, l.seq, 0), coalesce(c.ordinal, l.ordinal, 0))
        )
    ORDER BY a.seq, a.ordinal LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'Lot % does not have the % that are taken.', fault.number, fault.quantity
            USING ERRCODE = '23514', CONSTRAINT = 'lot_consumed_remaining_follows',
                TABLE = 'lot_consumed', SCHEMA = 'ballast';
    END IF;
    RETURN NULL;
END
$function$;

--# function ballast.check_manifests()
CREATE OR REPLACE FUNCTION ballast.check_manifests()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    told record;
    begun record;
    ended record;
    before text;
BEGIN
    FOR told IN SELECT * FROM added LOOP
        SELECT ordinal, mode, genesis, first_seq INTO begun FROM ballast.run
        WHERE account_id = told.account_id AND run_id = told.run_id;
        SELECT run_id, last_seq, root_after INTO ended FROM ballast.journal_frame
        WHERE account_id = told.account_id AND first_seq <= told.last_seq
        ORDER BY first_seq DESC LIMIT 1;
        IF (told.mode, told.genesis, told.first_seq, told.run_id, told.last_seq, told.root)
            IS DISTINCT FROM (begun.mode, encode(begun.genesis, 'hex'), begun.first_seq,
                ended.run_id, ended.last_seq, encode(ended.root_after, 'hex'))
        THEN
            RAISE EXCEPTION 'The manifest of run % is not of the run that is stored.', told.run_id
                USING ERRCODE = 'BL002';
        END IF;
        SELECT m.manifest_hash INTO before FROM ballast.replay_manifest m
        JOIN ballast.run r ON r.account_id = m.account_id AND r.run_id = m.run_id
        WHERE m.account_id = told.account_id AND r.ordinal < begun.ordinal
        ORDER BY r.ordinal DESC LIMIT 1;
        IF told.parent_hash <> coalesce(before, '') OR told.manifest_hash <> encode(
            sha256(convert_to((to_jsonb(told) - 'manifest_hash')::text, 'UTF8')), 'hex'
        ) THEN
            RAISE EXCEPTION 'The manifest of run % does not follow the one before it.', told.run_id
                USING ERRCODE = 'BL002';
        END IF;
    END LOOP;
    RETURN NULL;
END
$function$;

--# function ballast.check_order_amendments()
CREATE OR REPLACE FUNCTION ballast.check_order_amendments()
 RETURNS trigger
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
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
$function$;

--# function ballast.check_order_requests()
CREATE OR REPLACE FUNCTION ballast.check_order_requests()
 RETURNS trigger
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
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
$function$;

--# function ballast.check_prediction_causes()
CREATE OR REPLACE FUNCTION ballast.check_prediction_causes()
 RETURNS trigger
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
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
$function$;

--# function ballast.check_predictions()
CREATE OR REPLACE FUNCTION ballast.check_predictions()
 RETURNS trigger
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
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
$function$;

--# function ballast.check_regimes()
CREATE OR REPLACE FUNCTION ballast.check_regimes()
 RETURNS trigger
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
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
$function$;

--# function ballast.check_removed()
CREATE OR REPLACE FUNCTION ballast.check_removed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    stray record;
BEGIN
    SELECT first_seq, last_seq INTO stray FROM removed r WHERE NOT EXISTS (
        SELECT FROM ballast.journal_sealed s
        WHERE s.account_id = r.account_id AND s.run_id = r.run_id
            AND s.first_seq <= r.first_seq AND s.last_seq >= r.last_seq
            AND s.xmin = pg_catalog.pg_current_xact_id()::pg_catalog.xid
    ) ORDER BY first_seq LIMIT 1;
    IF stray.first_seq IS NOT NULL THEN
        RAISE EXCEPTION 'No tombstone of this transaction stands for inputs % to %.',
            stray.first_seq, stray.last_seq USING ERRCODE = 'BL004';
    END IF;
    RETURN NULL;
END
$function$;

--# function ballast.check_risk_profiles()
CREATE OR REPLACE FUNCTION ballast.check_risk_profiles()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    broken record;
BEGIN
    SELECT a.seq, a.ordinal INTO broken FROM added a
    WHERE EXISTS (
        SELECT FROM ballast.risk_profile p
        WHERE p.account_id = a.account_id AND p.run_id = a.run_id
            AND (p.seq, p.ordinal) < (a.seq, a.ordinal)
    ) AND NOT EXISTS (
        SELECT FROM ballast.profile_change c
        WHERE c.account_id = a.account_id AND c.seq = a.seq AND c.state = 'in_force'
    )
    ORDER BY a.seq, a.ordinal LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'Limits break risk_profile_of_change.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'risk_profile_of_change',
                TABLE = 'risk_profile', SCHEMA = 'ballast',
                DETAIL = format('input %s, row %s', broken.seq, broken.ordinal);
    END IF;
    RETURN NULL;
END
$function$;

--# function ballast.check_run_ends()
CREATE OR REPLACE FUNCTION ballast.check_run_ends()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    ended record;
BEGIN
    FOR ended IN SELECT * FROM added LOOP
        PERFORM ballast.lock_stream(ended.account_id);
        PERFORM ballast.check_leader(ended.account_id, ended.epoch);
    END LOOP;
    RETURN NULL;
END
$function$;

--# function ballast.check_runs()
CREATE OR REPLACE FUNCTION ballast.check_runs()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    begun record;
    head record;
BEGIN
    FOR begun IN SELECT * FROM added ORDER BY ordinal LOOP
        PERFORM ballast.lock_stream(begun.account_id);
        PERFORM ballast.check_leader(begun.account_id, begun.epoch);
        SELECT last_seq, root_after INTO head FROM ballast.journal_frame
        WHERE account_id = begun.account_id ORDER BY first_seq DESC LIMIT 1;
        IF begun.first_seq <> coalesce(head.last_seq, 0) + 1
            OR begun.genesis <> coalesce(head.root_after, decode(repeat('00', 32), 'hex'))
        THEN
            RAISE EXCEPTION 'Run % does not begin after input %.',
                begun.run_id, coalesce(head.last_seq, 0) USING ERRCODE = 'BL002';
        END IF;
    END LOOP;
    RETURN NULL;
END
$function$;

--# function ballast.check_trades()
CREATE OR REPLACE FUNCTION ballast.check_trades()
 RETURNS trigger
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
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
$function$;

--# function ballast.check_transfers()
CREATE OR REPLACE FUNCTION ballast.check_transfers()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    fault record;
BEGIN
    WITH hashed AS MATERIALIZED (
        SELECT a.account_id, a.seq, a.ordinal, a.transfer_no, a.previous, a.hash,
            encode(sha256(convert_to(concat_ws('|',
                a.transfer_no, a.amount, a.debit_balance, a.credit_balance, a.debit_sequence,
                a.credit_sequence, octet_length(a.debit), octet_length(a.credit),
                octet_length(a.asset), octet_length(a.source), octet_length(a.cause), a.previous,
                concat(a.debit, a.credit, a.asset, a.source, a.cause)
            ), 'UTF8')), 'hex') AS hash_due
        FROM added a
    ), placed AS (
        SELECT h.*,
            lag(h.transfer_no) OVER stream AS no_before,
            lag(h.hash) OVER stream AS hash_before
        FROM hashed h
        WINDOW stream AS (PARTITION BY h.account_id ORDER BY h.seq, h.ordinal)
    ), linked AS (
        SELECT p.account_id, p.seq, p.ordinal, p.transfer_no, p.previous, p.hash, p.hash_due,
            coalesce(s.transfer_no, 0) AS no_before,
            coalesce(s.hash, '') AS hash_before,
            coalesce(s.seq, 0) AS seq_before,
            coalesce(s.ordinal, 0) AS ordinal_before
        FROM placed p LEFT JOIN LATERAL (
            SELECT t.transfer_no, t.hash, t.seq, t.ordinal FROM ballast.transfer t
            WHERE t.account_id = p.account_id AND (t.seq, t.ordinal) < (p.seq, p.ordinal)
            ORDER BY t.seq DESC, t.ordinal DESC LIMIT 1
        ) s ON true
        WHERE (p.transfer_no = p.no_before + 1 AND p.previous = p.hash_before
            AND p.hash = p.hash_due) IS NOT TRUE
    ), gaps AS (
        -- How many rows that were refused stand just before, where something does not follow.
        SELECT l.*, CASE
            WHEN l.transfer_no = l.no_before + 1 AND l.previous = l.hash_before THEN 0
            ELSE (
                SELECT count(*) FROM ballast.row_refused r
                WHERE r.account_id = l.account_id AND r.table_name = 'transfer'
                    AND (r.seq, r.ordinal) > (l.seq_before, l.ordinal_before)
                    AND (r.seq, r.ordinal) < (l.seq, l.ordinal)
            ) END AS refused
        FROM linked l
    ), sides AS (
        SELECT account_id, seq, ordinal, transfer_no, debit AS place, debit_sequence AS sequence,
            debit_balance AS balance, -amount AS change FROM added
        UNION ALL
        SELECT account_id, seq, ordinal, transfer_no, credit, credit_sequence, credit_balance,
            amount FROM added
    ), moved AS (
        SELECT s.*,
            lag(sequence) OVER one_account AS sequence_before,
            lag(balance) OVER one_account AS balance_before
        FROM sides s
        WINDOW one_account AS (PARTITION BY account_id, place ORDER BY seq, ordinal)
    ), followed AS (
        SELECT m.account_id, m.seq, m.ordinal, m.transfer_no, m.sequence, m.balance, m.change,
            coalesce(b.seq, 0) AS seq_before,
            coalesce(b.ordinal, 0) AS ordinal_before,
            coalesce(b.sequence, 0) AS sequence_before,
            coalesce(b.balance, 0) AS balance_before
        FROM moved m LEFT JOIN LATERAL (
            SELECT * FROM (
                (
                    SELECT t.seq, t.ordinal, t.debit_sequence AS sequence,
                        t.debit_balance AS balance
                    FROM ballast.transfer t
                    WHERE m.sequence_before IS NULL AND t.account_id = m.account_id
                        AND t.debit = m.place AND t.debit_sequence < m.sequence
                    ORDER BY t.debit_sequence DESC LIMIT 1
                )
                UNION ALL
                (
                    SELECT t.seq, t.ordinal, t.credit_sequence, t.credit_balance
                    FROM ballast.transfer t
                    WHERE m.sequence_before IS NULL AND t.account_id = m.account_id
                        AND t.credit = m.place AND t.credit_sequence < m.sequence
                    ORDER BY t.credit_sequence DESC LIMIT 1
                )
                UNION ALL
                (
                    -- Not long ago: it is a row of this statement too.
                    SELECT t.seq, t.ordinal, m.sequence_before, m.balance_before
                    FROM ballast.transfer t
                    WHERE m.sequence_before IS NOT NULL AND t.account_id = m.account_id
                        AND (t.debit = m.place OR t.credit = m.place)
                        AND (t.seq, t.ordinal) < (m.seq, m.ordinal)
                    ORDER BY t.seq DESC, t.ordinal DESC LIMIT 1
                )
            ) AS last ORDER BY last.sequence DESC LIMIT 1
        ) b ON true
        WHERE (m.sequence = m.sequence_before + 1
            AND m.balance = m.balance_before + m.change) IS NOT TRUE
    ), faults AS (
        SELECT seq, ordinal, CASE
            WHEN hash IS NULL OR hash <> hash_due THEN 'transfer_hash_holds'
            WHEN refused = 0 AND transfer_no <> no_before + 1
                OR transfer_no < no_before + 1 + refused THEN 'transfer_number_follows'
            WHEN refused = 0 AND previous <> hash_before THEN 'transfer_previous_follows'
            END AS broken, transfer_no
        FROM gaps
        UNION ALL
        SELECT f.seq, f.ordinal, CASE
            WHEN sequence <> sequence_before + 1 THEN 'transfer_sequence_follows'
            ELSE 'transfer_balance_follows' END, transfer_no
        FROM followed f
        WHERE (sequence <> sequence_before + 1 OR balance <> balance_before + change)
            AND NOT EXISTS (
                SELECT FROM ballast.row_refused r
                WHERE r.account_id = f.account_id AND r.table_name = 'transfer'
                    AND (r.seq, r.ordinal) > (f.seq_before, f.ordinal_before)
                    AND (r.seq, r.ordinal) < (f.seq, f.ordinal)
            )
    )
    SELECT broken, transfer_no INTO fault FROM faults WHERE broken IS NOT NULL
    ORDER BY seq, ordinal, broken <> 'transfer_hash_holds', broken LIMIT 1;
    IF fault.broken IS NOT NULL THEN
        RAISE EXCEPTION 'Transfer % breaks %.', fault.transfer_no, fault.broken
            USING ERRCODE = '23514', CONSTRAINT = fault.broken, TABLE = 'transfer',
                SCHEMA = 'ballast';
    END IF;
    RETURN NULL;
END
$function$;

--# function ballast.check_verdicts()
CREATE OR REPLACE FUNCTION ballast.check_verdicts()
 RETURNS trigger
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
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
$function$;

--# function ballast.check_watermarks()
CREATE OR REPLACE FUNCTION ballast.check_watermarks()
 RETURNS trigger
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
 SET enable_hashjoin TO 'off'
 SET enable_mergejoin TO 'off'
AS $function$
DECLARE
    broken record;
BEGIN
    SELECT a.seq, a.ordinal INTO broken
    FROM added a
    CROSS JOIN LATERAL (
        SELECT w.ts, w.newest_ts, w.trade_ids FROM ballast.ingestion_watermark w
        WHERE w.account_id = a.account_id AND w.run_id = a.run_id AND w.stream = a.stream
            AND (w.seq, w.ordinal) < (a.seq, a.ordinal)
        ORDER BY w.ts DESC, w.resumed LIMIT 1
    ) before
    WHERE a.ts < before.ts
        OR cardinality(a.newest_ts) <> cardinality(before.newest_ts)
        OR cardinality(a.trade_ids) < cardinality(before.trade_ids)
        OR EXISTS (
            SELECT FROM unnest(a.newest_ts, before.newest_ts) AS n (now, was) WHERE now < was
        ) OR EXISTS (
            SELECT FROM unnest(a.trade_ids, before.trade_ids) AS n (now, was) WHERE now < was
        )
    ORDER BY a.seq, a.ordinal LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'A watermark moves back.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ingestion_watermark_rises',
                TABLE = 'ingestion_watermark', SCHEMA = 'ballast',
                DETAIL = format('input %s, row %s', broken.seq, broken.ordinal);
    END IF;
    RETURN NULL;
END
$function$;

--# function ballast.guard_grants()
CREATE OR REPLACE FUNCTION ballast.guard_grants()
 RETURNS event_trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    touched text;
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_event_trigger_ddl_commands()
        WHERE command_tag IN ('GRANT', 'REVOKE', 'ALTER DEFAULT PRIVILEGES')
    ) OR EXISTS (
        SELECT FROM pg_catalog.pg_locks
        WHERE locktype = 'advisory' AND classid = 0 AND objid = 731600001 AND objsubid = 1
            AND pid = pg_catalog.pg_backend_pid() AND granted
            AND database = (
                SELECT oid FROM pg_catalog.pg_database
                WHERE datname = pg_catalog.current_database()
            )
    ) THEN
        RETURN;
    END IF;
    WITH ours AS (
        SELECT oid, nspowner, nspacl FROM pg_catalog.pg_namespace WHERE nspname = 'ballast'
    ), roles AS (
        SELECT rolname, oid FROM pg_catalog.pg_roles
        WHERE rolname IN ('ballast_owner', 'ballast_writer', 'ballast_reader')
    ), objects AS (
        SELECT 'ballast.' || r.relname AS told, r.relowner AS owner, r.relacl AS acl,
            (CASE r.relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char" AS kind,
            r.relkind IN ('v', 'm') AS is_view
        FROM pg_catalog.pg_class r JOIN ours ON ours.oid = r.relnamespace
        WHERE r.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        UNION ALL
        SELECT 'ballast.' || p.proname, p.proowner, p.proacl, 'f', false
        FROM pg_catalog.pg_proc p JOIN ours ON ours.oid = p.pronamespace
        UNION ALL
        SELECT 'ballast', nspowner, nspacl, 'n', false FROM ours
    ), found AS (
        SELECT o.told, x.grantee, x.privilege_type, x.is_grantable
        FROM objects o
        CROSS JOIN pg_catalog.aclexplode(
            coalesce(o.acl, pg_catalog.acldefault(o.kind, o.owner))
        ) x
        UNION ALL
        SELECT 'ballast.' || r.relname, x.grantee, x.privilege_type, x.is_grantable
        FROM pg_catalog.pg_class r
        JOIN ours ON ours.oid = r.relnamespace
        JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid
        CROSS JOIN pg_catalog.aclexplode(a.attacl) x
    ), wanted AS (
        SELECT o.told, x.grantee, x.privilege_type, x.is_grantable
        FROM objects o CROSS JOIN pg_catalog.aclexplode(pg_catalog.acldefault(o.kind, o.owner)) x
        WHERE x.grantee <> 0
        UNION ALL
        SELECT o.told, roles.oid, listed.privilege, false
        FROM objects o
        JOIN (VALUES
            ('r', 'ballast_writer', 'SELECT'),
            ('r', 'ballast_writer', 'INSERT'),
            ('r', 'ballast_reader', 'SELECT'),
            ('n', 'ballast_writer', 'USAGE'),
            ('n', 'ballast_reader', 'USAGE'),
            ('f', 'ballast_writer', 'EXECUTE')
        ) AS listed (kind, role, privilege) ON listed.kind = o.kind::text
        JOIN roles ON roles.rolname = listed.role
        WHERE (o.told, listed.privilege) NOT IN (
                ('ballast.migration', 'INSERT'), ('ballast.journal_sealed', 'INSERT')
            )
            AND NOT (o.is_view AND listed.privilege = 'INSERT')
            AND (
                o.kind <> 'f' OR o.told IN ('ballast.lock_stream', 'ballast.check_leader')
            )
    )
    SELECT told INTO touched FROM (
        (TABLE found EXCEPT TABLE wanted)
        UNION ALL (TABLE wanted EXCEPT TABLE found)
        UNION ALL
        -- What will be made later starts with nothing for anybody.
        SELECT 'ballast', d.defaclrole, '', false
        FROM pg_catalog.pg_default_acl d
        WHERE d.defaclnamespace = (SELECT oid FROM ours)
            OR d.defaclnamespace = 0
                AND d.defaclrole = (SELECT oid FROM roles WHERE rolname = 'ballast_owner')
    ) AS amiss ORDER BY told LIMIT 1;
    IF touched IS NULL AND current_user IN ('ballast_reader', 'ballast_writer') THEN
        touched := 'whatever it names';
    END IF;
    IF touched IS NOT NULL THEN
        RAISE EXCEPTION '% of % is refused: only migrations change this schema.', tg_tag, touched
            USING ERRCODE = 'BL005';
    END IF;
END
$function$;

--# function ballast.guard_guards()
CREATE OR REPLACE FUNCTION ballast.guard_guards()
 RETURNS event_trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    touched text;
BEGIN
    IF EXISTS (
        SELECT FROM pg_catalog.pg_locks
        WHERE locktype = 'advisory' AND classid = 0 AND objid = 731600001 AND objsubid = 1
            AND pid = pg_catalog.pg_backend_pid() AND granted
            AND database = (
                SELECT oid FROM pg_catalog.pg_database
                WHERE datname = pg_catalog.current_database()
            )
    ) THEN
        RETURN;
    END IF;
    SELECT object_identity INTO touched FROM pg_catalog.pg_event_trigger_ddl_commands()
    WHERE classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND object_identity LIKE 'ballast.%'
    LIMIT 1;
    IF touched IS NOT NULL THEN
        RAISE EXCEPTION '% of % is refused: only migrations change this schema.', tg_tag, touched
            USING ERRCODE = 'BL005';
    END IF;
END
$function$;

--# function ballast.guard_schema()
CREATE OR REPLACE FUNCTION ballast.guard_schema()
 RETURNS event_trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    touched text;
BEGIN
    IF EXISTS (
        SELECT FROM pg_catalog.pg_locks
        WHERE locktype = 'advisory' AND classid = 0 AND objid = 731600001 AND objsubid = 1
            AND pid = pg_catalog.pg_backend_pid() AND granted
            AND database = (
                SELECT oid FROM pg_catalog.pg_database
                WHERE datname = pg_catalog.current_database()
            )
    ) THEN
        RETURN;
    END IF;
    IF tg_event = 'ddl_command_start' THEN
        -- These could take both guards away; what they are about is not told yet.
        touched := 'whatever it names';
    ELSIF tg_event = 'sql_drop' THEN
        SELECT object_identity INTO touched FROM pg_catalog.pg_event_trigger_dropped_objects()
        WHERE object_identity ~ '(^|[ (])ballast([.]|$)' LIMIT 1;
    ELSE
        -- By name, or by owner when the command has just moved it elsewhere.
        SELECT c.object_identity INTO touched
        FROM pg_catalog.pg_event_trigger_ddl_commands() c
        LEFT JOIN pg_catalog.pg_class r
            ON c.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND r.oid = c.objid
        LEFT JOIN pg_catalog.pg_proc p
            ON c.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = c.objid
        WHERE c.object_identity ~ '(^|[ (])ballast([.]|$)'
            OR c.command_tag LIKE 'ALTER %'
                AND c.schema_name NOT LIKE '\_timescaledb%' AND c.schema_name NOT LIKE 'pg\_temp%'
                AND coalesce(r.relowner, p.proowner) = (
                    SELECT oid FROM pg_catalog.pg_roles WHERE rolname = 'ballast_owner'
                )
        LIMIT 1;
        IF touched IS NULL AND pg_catalog.to_regnamespace('ballast') IS NULL THEN
            touched := 'ballast';
        END IF;
    END IF;
    IF touched IS NOT NULL THEN
        RAISE EXCEPTION '% of % is refused: only migrations change this schema.', tg_tag, touched
            USING ERRCODE = 'BL005';
    END IF;
END
$function$;

--# function ballast.lock_stream(text)
CREATE OR REPLACE FUNCTION ballast.lock_stream(account text)
 RETURNS void
 LANGUAGE sql
AS $function$
    SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(account, 7316));
$function$;

--# function ballast.newest_at()
CREATE OR REPLACE FUNCTION ballast.newest_at()
 RETURNS bigint
 LANGUAGE plpgsql
 STABLE
AS $function$
BEGIN
    RETURN (
        SELECT coalesce(max(head.hour_ts), 0)
        FROM (SELECT DISTINCT account_id FROM ballast.lease) AS named
        CROSS JOIN LATERAL (
            SELECT f.hour_ts FROM ballast.journal_frame f
            WHERE f.account_id = named.account_id ORDER BY f.first_seq DESC LIMIT 1
        ) AS head
    );
END
$function$;

--# function ballast.rebuildable_series()
CREATE OR REPLACE FUNCTION ballast.rebuildable_series()
 RETURNS SETOF text
 LANGUAGE sql
 STABLE
AS $function$
    SELECT listed.name
    FROM unnest(ARRAY[
        'verdict_slice', 'prediction_slice', 'bar_slice', 'feature_slice', 'regime_slice'
    ]) WITH ORDINALITY AS listed (name, place)
    WHERE to_regclass(format('ballast.%I', listed.name)) IS NOT NULL
    ORDER BY listed.place
$function$;

--# function ballast.refuse_change()
CREATE OR REPLACE FUNCTION ballast.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused.', tg_table_name, tg_op
        USING ERRCODE = 'BL004';
END
$function$;

--# function ballast.refuse_removal()
CREATE OR REPLACE FUNCTION ballast.refuse_removal()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF tg_op = 'DELETE' AND current_user = 'ballast_owner' AND EXISTS (
        SELECT FROM ballast.journal_sealed
        WHERE xmin = pg_catalog.pg_current_xact_id()::pg_catalog.xid
    ) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only: % is refused.', tg_table_name, tg_op
        USING ERRCODE = 'BL004';
END
$function$;

--# function ballast.seal_frames()
CREATE OR REPLACE FUNCTION ballast.seal_frames()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    sealed record;
    before record;
    begun record;
    held record;
BEGIN
    IF current_user <> 'ballast_owner' THEN
        RAISE EXCEPTION 'Only ballast_owner seals a run.' USING ERRCODE = 'BL004';
    END IF;
    FOR sealed IN SELECT * FROM added ORDER BY account_id, first_seq LOOP
        SELECT last_seq, root_after INTO before FROM ballast.journal_sealed
        WHERE account_id = sealed.account_id AND first_seq < sealed.first_seq
        ORDER BY first_seq DESC LIMIT 1;
        IF sealed.first_seq <> coalesce(before.last_seq, 0) + 1
            OR sealed.root_before <> coalesce(before.root_after, decode(repeat('00', 32), 'hex'))
        THEN
            RAISE EXCEPTION 'A tombstone of input % does not follow what was sealed up to input %.',
                sealed.first_seq, coalesce(before.last_seq, 0) USING ERRCODE = 'BL002';
        END IF;
        SELECT first_seq, genesis INTO begun FROM ballast.run
        WHERE account_id = sealed.account_id AND run_id = sealed.run_id;
        SELECT count(*) AS frames, sum(last_seq - first_seq + 1) AS inputs,
            min(first_seq) AS first_seq, max(last_seq) AS last_seq,
            min(run_id) = sealed.run_id AND max(run_id) = sealed.run_id AS is_one_run,
            (array_agg(root_before ORDER BY first_seq))[1] AS root_before,
            (array_agg(root_after ORDER BY first_seq DESC))[1] AS root_after
        INTO held FROM ballast.journal_frame
        WHERE account_id = sealed.account_id
            AND first_seq BETWEEN sealed.first_seq AND sealed.last_seq;
        IF (held.frames, held.inputs, held.first_seq, held.last_seq, held.root_before,
                held.root_after, held.is_one_run, begun.first_seq, begun.genesis)
            IS DISTINCT FROM (sealed.frames, sealed.inputs::numeric, sealed.first_seq,
                sealed.last_seq, sealed.root_before, sealed.root_after, true, sealed.first_seq,
                sealed.root_before)
        THEN
            RAISE EXCEPTION 'The frames of inputs % to % are not those of the tombstone.',
                sealed.first_seq, sealed.last_seq USING ERRCODE = 'BL002';
        END IF;
        IF NOT EXISTS (
            SELECT FROM ballast.journal_frame
            WHERE account_id = sealed.account_id AND first_seq = sealed.last_seq + 1
                AND run_id <> sealed.run_id AND root_before = sealed.root_after
        ) THEN
            RAISE EXCEPTION 'No frame of a later run follows input %; the newest run stays.',
                sealed.last_seq USING ERRCODE = 'BL002';
        END IF;
        DELETE FROM ballast.journal_frame
        WHERE account_id = sealed.account_id
            AND first_seq BETWEEN sealed.first_seq AND sealed.last_seq;
        -- What named these is gone; the one at the end is named by the run that follows.
        DELETE FROM ballast.snapshot
        WHERE account_id = sealed.account_id AND seq < sealed.last_seq;
    END LOOP;
    RETURN NULL;
END
$function$;

--# table ballast.activation
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
    CONSTRAINT activation_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT activation_kind CHECK ((kind = ANY (ARRAY['SYNTHETIC_ONLY'::text, 'PAPER_ONLY'::text, 'LIVE'::text]))),
    CONSTRAINT activation_live_approved CHECK (((kind <> 'LIVE'::text) OR (gate = 'APPROVED'::text))),
    CONSTRAINT activation_of_refused_has_reason CHECK (((gate = 'APPROVED'::text) OR (btrim(reason) <> ''::text))),
    CONSTRAINT activation_once UNIQUE (account_id, run_id),
    CONSTRAINT activation_reaches_mode CHECK (((mode <> 'LIVE'::text) OR (kind = 'LIVE'::text))),
    CONSTRAINT activation_synthetic_on_seeded_feed CHECK ((((marker = 'SYNTHETIC_ONLY'::text) AND (kind = 'SYNTHETIC_ONLY'::text) AND (feed ~~ 'seeded:%'::text)) OR ((marker <> 'SYNTHETIC_ONLY'::text) AND (kind <> 'SYNTHETIC_ONLY'::text))))
);

--# table ballast.bar_slice
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
    CONSTRAINT bar_slice_pkey PRIMARY KEY (account_id, seq, ordinal, at),
    CONSTRAINT bar_slice_aligned CHECK (((open_ts % NULLIF((close_ts - open_ts), 0)) = 0)),
    CONSTRAINT bar_slice_closed CHECK ((close_ts <= at)),
    CONSTRAINT bar_slice_span CHECK ((open_ts < close_ts))
);

--# table ballast.cluster_hour
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
    CONSTRAINT cluster_hour_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT cluster_hour_exposure_adds_up CHECK (((positions_worth >= (0)::numeric) AND (claims_worth >= (0)::numeric) AND (exposure = (positions_worth + claims_worth)) AND (exposure < 'Infinity'::numeric))),
    CONSTRAINT cluster_hour_full CHECK ((((hour_ts % '3600000000000'::bigint) = 0) AND (hour_ts <= at))),
    CONSTRAINT cluster_hour_once UNIQUE (account_id, run_id, hour_ts, cluster)
);

--# table ballast.cluster_map
CREATE TABLE ballast.cluster_map (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    as_of bigint NOT NULL,
    valid_until bigint NOT NULL,
    clusters text NOT NULL,
    unknown text NOT NULL,
    version text NOT NULL,
    digest text NOT NULL,
    returns_count bigint NOT NULL,
    window_ns bigint NOT NULL,
    correlation bigint NOT NULL,
    CONSTRAINT cluster_map_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT cluster_map_measured CHECK (((returns_count > 0) AND (window_ns > 0) AND ((correlation >= 1) AND (correlation <= 999999)))),
    CONSTRAINT cluster_map_of_the_past CHECK (((as_of <= at) AND (as_of < valid_until)))
);

--# table ballast.currency_hour
CREATE TABLE ballast.currency_hour (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    hour_ts bigint NOT NULL,
    currency text NOT NULL,
    free numeric NOT NULL,
    held numeric NOT NULL,
    holdings numeric NOT NULL,
    worth numeric NOT NULL,
    least numeric NOT NULL,
    most numeric NOT NULL,
    rate_ts bigint NOT NULL,
    realised numeric NOT NULL,
    fees numeric NOT NULL,
    paid_in numeric NOT NULL,
    gain numeric NOT NULL,
    CONSTRAINT currency_hour_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT currency_hour_finite CHECK (((abs(free) < 'Infinity'::numeric) AND (abs(held) < 'Infinity'::numeric) AND (abs(holdings) < 'Infinity'::numeric) AND (abs(worth) < 'Infinity'::numeric) AND (most < 'Infinity'::numeric) AND (abs(realised) < 'Infinity'::numeric) AND (abs(fees) < 'Infinity'::numeric) AND (abs(paid_in) < 'Infinity'::numeric) AND (abs(gain) < 'Infinity'::numeric))),
    CONSTRAINT currency_hour_full CHECK ((((hour_ts % '3600000000000'::bigint) = 0) AND (hour_ts <= at))),
    CONSTRAINT currency_hour_once UNIQUE (account_id, run_id, hour_ts, currency),
    CONSTRAINT currency_hour_rate CHECK ((((0)::numeric <= "least") AND ("least" <= most) AND ((rate_ts = 0) = (most = (0)::numeric)) AND (rate_ts <= at))),
    CONSTRAINT currency_hour_worth CHECK ((((holdings < (0)::numeric) OR (worth <= (holdings * "least"))) AND ((holdings >= (0)::numeric) OR (worth <= (holdings * most))) AND ((rate_ts > 0) OR (gain = (0)::numeric))))
);

--# table ballast.dataset
CREATE TABLE ballast.dataset (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    purpose text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    symbol text NOT NULL,
    rows bigint,
    first_ts bigint NOT NULL,
    last_ts bigint,
    gaps bigint,
    seed bigint,
    licence text NOT NULL,
    CONSTRAINT dataset_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT dataset_counts CHECK (((rows > 0) AND (gaps >= 0))),
    CONSTRAINT dataset_name_without_folder CHECK (((name <> ''::text) AND (POSITION(('/'::text) IN (name)) = 0))),
    CONSTRAINT dataset_purpose CHECK ((purpose = ANY (ARRAY['feed'::text, 'warm_up'::text, 'training'::text]))),
    CONSTRAINT dataset_seeded_or_recorded CHECK (((kind = 'seeded'::text) = (seed IS NOT NULL))),
    CONSTRAINT dataset_sha256_form CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT dataset_span CHECK (((first_ts >= 0) AND (first_ts <= last_ts)))
);

--# table ballast.feature_schema
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
    CONSTRAINT feature_schema_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT feature_schema_names CHECK ((cardinality(names) > 0)),
    CONSTRAINT feature_schema_once UNIQUE (account_id, run_id)
);

--# table ballast.feature_slice
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
    CONSTRAINT feature_slice_pkey PRIMARY KEY (account_id, seq, ordinal, at)
);

--# table ballast.fill
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
    CONSTRAINT fill_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT fill_trade_once UNIQUE (account_id, cl_ord_id, exec_id)
);

--# table ballast.ingestion_gap
CREATE TABLE ballast.ingestion_gap (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    number bigint NOT NULL,
    stream text NOT NULL,
    place bigint NOT NULL,
    symbol text NOT NULL,
    kind text NOT NULL,
    told_by text NOT NULL,
    begins bigint NOT NULL,
    ends bigint,
    times bigint,
    CONSTRAINT ingestion_gap_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT ingestion_gap_closing CHECK ((((ends IS NULL) = (times IS NULL)) AND (times > 0))),
    CONSTRAINT ingestion_gap_kind CHECK ((kind = ANY (ARRAY['gap'::text, 'stale'::text, 'crossed'::text, 'checksum'::text, 'venue_status'::text, 'clock_skew'::text, 'lost_trades'::text, 'missing_bar'::text]))),
    CONSTRAINT ingestion_gap_place CHECK (((place >= '-1'::integer) AND ((place = '-1'::integer) = (symbol = ''::text)))),
    CONSTRAINT ingestion_gap_span CHECK ((begins <= ends))
);

--# table ballast.ingestion_watermark
CREATE TABLE ballast.ingestion_watermark (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    ts bigint NOT NULL,
    stream text NOT NULL,
    resumed boolean NOT NULL,
    newest_ts bigint[] NOT NULL,
    taken bigint[] NOT NULL,
    trade_ids bigint[] NOT NULL,
    CONSTRAINT ingestion_watermark_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT ingestion_watermark_counts CHECK (((0 <= ALL (taken)) AND (0 <= ALL (newest_ts)))),
    CONSTRAINT ingestion_watermark_hour CHECK ((resumed OR ((ts % '3600000000000'::bigint) = 0))),
    CONSTRAINT ingestion_watermark_once UNIQUE (account_id, run_id, stream, ts, resumed),
    CONSTRAINT ingestion_watermark_symbols CHECK (((cardinality(newest_ts) > 0) AND (cardinality(taken) = cardinality(newest_ts)) AND ((cardinality(trade_ids) = 0) OR (cardinality(trade_ids) = cardinality(newest_ts)))))
);

--# table ballast.instrument
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
    CONSTRAINT instrument_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT instrument_once UNIQUE (account_id, run_id, place)
);

--# table ballast.journal_frame
CREATE TABLE ballast.journal_frame (
    account_id text NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    epoch bigint NOT NULL,
    run_id text NOT NULL,
    hour_ts bigint NOT NULL,
    root_before bytea NOT NULL,
    root_after bytea NOT NULL,
    checksum bytea NOT NULL,
    records bytea NOT NULL,
    CONSTRAINT journal_frame_pkey PRIMARY KEY (account_id, first_seq),
    CONSTRAINT journal_frame_hour CHECK (((hour_ts % '3600000000000'::bigint) = 0)),
    CONSTRAINT journal_frame_range CHECK (((first_seq > 0) AND (last_seq >= first_seq))),
    CONSTRAINT journal_frame_roots CHECK (((length(root_before) = 32) AND (length(root_after) = 32)))
);

--# table ballast.journal_sealed
CREATE TABLE ballast.journal_sealed (
    account_id text NOT NULL,
    run_id text NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    root_before bytea NOT NULL,
    root_after bytea NOT NULL,
    frames bigint NOT NULL,
    inputs bigint NOT NULL,
    begun bytea NOT NULL,
    export_sha256 text NOT NULL,
    sealed_at timestamp with time zone NOT NULL,
    key text NOT NULL,
    signature bytea NOT NULL,
    CONSTRAINT journal_sealed_pkey PRIMARY KEY (account_id, first_seq),
    CONSTRAINT journal_sealed_counts CHECK (((inputs = ((last_seq - first_seq) + 1)) AND (frames > 0) AND (frames <= inputs))),
    CONSTRAINT journal_sealed_hashes CHECK (((export_sha256 ~ '^[0-9a-f]{64}$'::text) AND (key ~ '^[0-9a-f]{64}$'::text) AND (length(signature) = 64))),
    CONSTRAINT journal_sealed_once UNIQUE (account_id, run_id),
    CONSTRAINT journal_sealed_range CHECK (((first_seq > 0) AND (last_seq >= first_seq))),
    CONSTRAINT journal_sealed_roots CHECK (((length(root_before) = 32) AND (length(root_after) = 32)))
);

--# table ballast.lease
CREATE TABLE ballast.lease (
    account_id text NOT NULL,
    epoch bigint NOT NULL,
    holder text NOT NULL,
    opened_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT lease_pkey PRIMARY KEY (account_id, epoch),
    CONSTRAINT lease_epoch_positive CHECK ((epoch > 0))
);

--# table ballast.ledger_entry
CREATE TABLE ballast.ledger_entry (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    refid text NOT NULL,
    kind text NOT NULL,
    asset text NOT NULL,
    amount numeric NOT NULL,
    fee numeric NOT NULL,
    other text NOT NULL,
    worth numeric NOT NULL,
    corrects bigint NOT NULL,
    told text NOT NULL,
    ts bigint NOT NULL,
    CONSTRAINT ledger_entry_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT ledger_entry_once UNIQUE (account_id, refid, asset)
);

--# table ballast.lot
CREATE TABLE ballast.lot (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    number bigint NOT NULL,
    symbol text NOT NULL,
    source text NOT NULL,
    quantity numeric NOT NULL,
    cost numeric NOT NULL,
    CONSTRAINT lot_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT lot_number_once UNIQUE (account_id, number),
    CONSTRAINT lot_quantity_positive CHECK (((quantity > (0)::numeric) AND (quantity < 'Infinity'::numeric)))
);

--# table ballast.lot_consumed
CREATE TABLE ballast.lot_consumed (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    number bigint NOT NULL,
    symbol text NOT NULL,
    source text NOT NULL,
    cause text NOT NULL,
    quantity numeric NOT NULL,
    cost numeric NOT NULL,
    proceeds numeric NOT NULL,
    fee numeric NOT NULL,
    realised numeric NOT NULL,
    remaining numeric NOT NULL,
    CONSTRAINT lot_consumed_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT lot_consumed_quantity_positive CHECK (((quantity > (0)::numeric) AND (quantity < 'Infinity'::numeric))),
    CONSTRAINT lot_consumed_remaining_covered CHECK (((remaining >= (0)::numeric) AND (remaining < 'Infinity'::numeric))),
    CONSTRAINT lot_consumed_remaining_once UNIQUE (account_id, number, remaining)
);

--# table ballast.migration
CREATE TABLE ballast.migration (
    number integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    code_version text DEFAULT ''::text NOT NULL,
    CONSTRAINT migration_pkey PRIMARY KEY (number)
);

--# table ballast.model_version
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
    CONSTRAINT model_version_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT model_version_once UNIQUE (account_id, run_id),
    CONSTRAINT model_version_trained CHECK (((trained_from < trained_until) AND (embargo_ns >= 0)))
);

--# table ballast.operator_action
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
    CONSTRAINT operator_action_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT operator_action_kind CHECK ((kind = ANY (ARRAY['kill'::text, 'reactivate'::text, 'activate'::text, 'consent'::text, 'consent_withdrawn'::text, 'reconcile'::text, 'stop'::text, 'accept_risk'::text, 'override_trial'::text]))),
    CONSTRAINT operator_action_level CHECK (((kind = 'kill'::text) = (kill_level IS NOT NULL)))
);

--# table ballast.order_amendment
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
    CONSTRAINT order_amendment_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT order_amendment_deadline_after_decision CHECK ((deadline > decided_at)),
    CONSTRAINT order_amendment_limit_price_positive CHECK (((limit_price > (0)::numeric) AND (limit_price < 'Infinity'::numeric))),
    CONSTRAINT order_amendment_numbered CHECK ((amend_no > 0)),
    CONSTRAINT order_amendment_of_an_exit CHECK ((side = 'sell'::text)),
    CONSTRAINT order_amendment_once UNIQUE (account_id, cl_ord_id, amend_no),
    CONSTRAINT order_amendment_something_left CHECK (((filled >= (0)::numeric) AND (quantity > filled) AND (quantity < 'Infinity'::numeric)))
);

--# table ballast.order_event
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
    cost numeric,
    CONSTRAINT order_event_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT order_event_limit_price_positive CHECK (((limit_price > (0)::numeric) AND (limit_price < 'Infinity'::numeric))),
    CONSTRAINT order_event_quantity_positive CHECK (((quantity > (0)::numeric) AND (quantity < 'Infinity'::numeric))),
    CONSTRAINT order_event_side CHECK ((side = ANY (ARRAY['buy'::text, 'sell'::text])))
);

--# table ballast.order_request
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
    CONSTRAINT order_request_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT order_request_deadline_after_decision CHECK ((deadline > decided_at)),
    CONSTRAINT order_request_limit_price_positive CHECK (((limit_price > (0)::numeric) AND (limit_price < 'Infinity'::numeric))),
    CONSTRAINT order_request_once UNIQUE (account_id, cl_ord_id),
    CONSTRAINT order_request_quantity_positive CHECK (((quantity > (0)::numeric) AND (quantity < 'Infinity'::numeric))),
    CONSTRAINT order_request_side CHECK ((side = ANY (ARRAY['buy'::text, 'sell'::text])))
);

--# table ballast.portfolio_hour
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
    CONSTRAINT portfolio_hour_pkey PRIMARY KEY (account_id, seq, ordinal)
);

--# table ballast.position_hour
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
    CONSTRAINT position_hour_pkey PRIMARY KEY (account_id, seq, ordinal)
);

--# table ballast.prediction_slice
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
    p_up_h1 integer[],
    move_h1 integer[],
    p_up_h4 integer[],
    move_h4 integer[],
    p_up_h24 integer[],
    move_h24 integer[],
    rebound integer[],
    downside integer[],
    CONSTRAINT prediction_slice_pkey PRIMARY KEY (account_id, seq, ordinal, at),
    CONSTRAINT prediction_slice_columns CHECK (((cardinality(p_up) = cardinality(expected_move)) AND (cardinality(p_up) = cardinality(uncertainty))))
);

--# table ballast.profile
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
    CONSTRAINT profile_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT profile_hash_of_content CHECK ((profile_hash = encode(sha256(convert_to(content, 'UTF8'::name)), 'hex'::text))),
    CONSTRAINT profile_kind CHECK ((kind = ANY (ARRAY['strategy'::text, 'risk'::text])))
);

--# table ballast.profile_assignment
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
    CONSTRAINT profile_assignment_pkey PRIMARY KEY (account_id, seq, ordinal)
);

--# table ballast.profile_change
CREATE TABLE ballast.profile_change (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    change_no bigint NOT NULL,
    state text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    changes text NOT NULL,
    riskier text NOT NULL,
    due bigint NOT NULL,
    told text NOT NULL,
    version bigint NOT NULL,
    standing text NOT NULL,
    CONSTRAINT profile_change_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT profile_change_attributed CHECK (((state = 'refused'::text) OR ((actor <> ''::text) AND (reason <> ''::text)))),
    CONSTRAINT profile_change_not_early CHECK (((state <> 'in_force'::text) OR (due <= at))),
    CONSTRAINT profile_change_state CHECK ((state = ANY (ARRAY['waiting'::text, 'in_force'::text, 'refused'::text, 'withdrawn'::text, 'replaced'::text]))),
    CONSTRAINT profile_change_state_once UNIQUE (account_id, change_no, state)
);

--# table ballast.refusal
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
    CONSTRAINT refusal_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT refusal_side CHECK ((side = ANY (ARRAY['buy'::text, 'sell'::text])))
);

--# table ballast.regime_cut
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
    CONSTRAINT regime_cut_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT regime_cut_once UNIQUE (account_id, run_id, name),
    CONSTRAINT regime_cut_share CHECK (((share_below > 0) AND (share_below < 1000000)))
);

--# table ballast.regime_slice
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
    CONSTRAINT regime_slice_pkey PRIMARY KEY (account_id, seq, ordinal, at),
    CONSTRAINT regime_slice_known CHECK ((regime <@ ARRAY[0, 1, 2, 3, '-2147483648'::integer]))
);

--# table ballast.replay_manifest
CREATE TABLE ballast.replay_manifest (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    genesis text NOT NULL,
    root text NOT NULL,
    frames bigint NOT NULL,
    row_count bigint NOT NULL,
    tables jsonb NOT NULL,
    code_fingerprint text NOT NULL,
    settings_hash text NOT NULL,
    feed text NOT NULL,
    bundle_id text NOT NULL,
    profiles text[] NOT NULL,
    datasets text[] NOT NULL,
    parent_hash text NOT NULL,
    manifest_hash text NOT NULL,
    CONSTRAINT replay_manifest_pkey PRIMARY KEY (account_id, run_id),
    CONSTRAINT replay_manifest_hashes CHECK (((genesis ~ '^[0-9a-f]{64}$'::text) AND (root ~ '^[0-9a-f]{64}$'::text) AND (parent_hash ~ '^([0-9a-f]{64})?$'::text) AND (manifest_hash ~ '^[0-9a-f]{64}$'::text))),
    CONSTRAINT replay_manifest_range CHECK (((first_seq > 0) AND ((frames >= 1) AND (frames <= ((last_seq - first_seq) + 1))) AND (row_count >= 0))),
    CONSTRAINT replay_manifest_successor_once UNIQUE (account_id, parent_hash)
);

--# table ballast.risk_hour
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
    CONSTRAINT risk_hour_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT risk_hour_closed_as_it_stands CHECK (((closed <> ''::text) OR ((state = 'Active'::text) AND (kill_level = 0) AND (drawdown < halt_at) AND (equity > (0)::numeric)))),
    CONSTRAINT risk_hour_counts CHECK (((unknown_count >= 0) AND (unknown_count <= orders_count))),
    CONSTRAINT risk_hour_exposure_adds_up CHECK (((positions_worth >= (0)::numeric) AND (claims_worth >= (0)::numeric) AND (exposure = (positions_worth + claims_worth)) AND (exposure < 'Infinity'::numeric))),
    CONSTRAINT risk_hour_full CHECK ((((hour_ts % '3600000000000'::bigint) = 0) AND (hour_ts <= at))),
    CONSTRAINT risk_hour_once UNIQUE (account_id, run_id, hour_ts),
    CONSTRAINT risk_hour_share_follows CHECK ((((equity > (0)::numeric) = (share IS NOT NULL)) AND ((share IS NULL) OR (((exposure * (1000000)::numeric) <= ((share)::numeric * equity)) AND ((share = 0) OR ((exposure * (1000000)::numeric) > (((share - 1))::numeric * equity))))))),
    CONSTRAINT risk_hour_state CHECK (((state = ANY (ARRAY['Active'::text, 'Reducing'::text, 'Halted'::text])) AND ((kill_level >= 0) AND (kill_level <= 3))))
);

--# table ballast.risk_profile
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
    position_risk bigint,
    cluster_cap bigint,
    quote_cap_cad bigint,
    quote_cap_usd bigint,
    quote_cap_usdc bigint,
    capital_floor bigint,
    day_loss_max bigint,
    entries_per_minute_max_count bigint,
    CONSTRAINT risk_profile_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT risk_profile_bounds_losses CHECK (((0 < position_risk) AND (position_risk <= 2000000) AND (0 < cluster_cap) AND (cluster_cap <= 1000000) AND (0 < quote_cap_cad) AND (quote_cap_cad <= 1000000) AND (0 < quote_cap_usd) AND (quote_cap_usd <= 1000000) AND (0 < quote_cap_usdc) AND (quote_cap_usdc <= 1000000) AND (capital_floor >= 0) AND (0 < day_loss_max) AND (day_loss_max <= 1000000) AND (entries_per_minute_max_count > 0))),
    CONSTRAINT risk_profile_no_leverage CHECK (((0 < position_cap) AND (position_cap <= 1000000) AND (0 < exposure_cap) AND (exposure_cap <= 1000000))),
    CONSTRAINT risk_profile_tightens CHECK (((0 < caution_drawdown) AND (caution_drawdown < defence_drawdown) AND (defence_drawdown < halt_drawdown) AND (halt_drawdown < 1000000) AND (1000000 >= normal_cap) AND (normal_cap >= caution_cap) AND (caution_cap >= defence_cap) AND (defence_cap > 0)))
);

--# table ballast.risk_verdict
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
    notional numeric GENERATED ALWAYS AS ((quantity * limit_price)) STORED NOT NULL,
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
    cluster_cap numeric,
    cluster_worth numeric,
    quote_cap numeric,
    quote_worth numeric,
    risk numeric,
    account_equity numeric,
    capital_floor numeric,
    day_loss bigint,
    day_loss_max bigint,
    CONSTRAINT risk_verdict_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT risk_verdict_above_floor CHECK (((side <> 'buy'::text) OR ((account_equity > capital_floor) AND (account_equity < 'Infinity'::numeric)))),
    CONSTRAINT risk_verdict_day_loss_below_max CHECK (((side <> 'buy'::text) OR (day_loss < day_loss_max))),
    CONSTRAINT risk_verdict_drawdown_below_halt CHECK (((side <> 'buy'::text) OR (drawdown < halt_at))),
    CONSTRAINT risk_verdict_edge_above_cost CHECK (((side <> 'buy'::text) OR ((expected_move > cost) AND ((expected_move - cost) >= edge_margin)))),
    CONSTRAINT risk_verdict_finite CHECK (((equity < 'Infinity'::numeric) AND (cash_free < 'Infinity'::numeric) AND (symbol_worth >= (0)::numeric) AND (total_worth >= (0)::numeric) AND (taker_fee >= (0)::numeric))),
    CONSTRAINT risk_verdict_intent_once UNIQUE (account_id, run_id, intent_no),
    CONSTRAINT risk_verdict_limit_price_positive CHECK (((limit_price > (0)::numeric) AND (limit_price < 'Infinity'::numeric))),
    CONSTRAINT risk_verdict_positions_below_max CHECK (((side <> 'buy'::text) OR (positions_count < positions_max_count))),
    CONSTRAINT risk_verdict_quantity_positive CHECK (((quantity > (0)::numeric) AND (quantity < 'Infinity'::numeric))),
    CONSTRAINT risk_verdict_side CHECK ((side = ANY (ARRAY['buy'::text, 'sell'::text]))),
    CONSTRAINT risk_verdict_within_cash CHECK (((side <> 'buy'::text) OR (((quantity * limit_price) * ((1)::numeric + taker_fee)) <= cash_free))),
    CONSTRAINT risk_verdict_within_cluster_cap CHECK (((side <> 'buy'::text) OR ((cluster_worth >= (0)::numeric) AND ((cluster_worth + (quantity * limit_price)) <= cluster_cap)))),
    CONSTRAINT risk_verdict_within_exposure_cap CHECK (((side <> 'buy'::text) OR ((total_worth + (quantity * limit_price)) <= exposure_cap))),
    CONSTRAINT risk_verdict_within_position_cap CHECK (((side <> 'buy'::text) OR ((symbol_worth + (quantity * limit_price)) <= position_cap))),
    CONSTRAINT risk_verdict_within_quote_cap CHECK (((side <> 'buy'::text) OR ((quote_worth >= (0)::numeric) AND ((quote_worth + (quantity * limit_price)) <= quote_cap)))),
    CONSTRAINT risk_verdict_within_risk CHECK (((side <> 'buy'::text) OR ((symbol_worth + (quantity * limit_price)) <= risk)))
);

--# table ballast.row_refused
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
    CONSTRAINT row_refused_pkey PRIMARY KEY (account_id, seq, ordinal)
);

--# table ballast.run
CREATE TABLE ballast.run (
    account_id text NOT NULL,
    run_id text NOT NULL,
    ordinal bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    epoch bigint NOT NULL,
    mode text NOT NULL,
    feed text NOT NULL,
    genesis bytea NOT NULL,
    first_seq bigint NOT NULL,
    CONSTRAINT run_pkey PRIMARY KEY (account_id, run_id),
    CONSTRAINT run_account_id_ordinal_key UNIQUE (account_id, ordinal),
    CONSTRAINT run_first_seq_positive CHECK ((first_seq > 0)),
    CONSTRAINT run_genesis_length CHECK ((length(genesis) = 32))
);

--# table ballast.run_context
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
    CONSTRAINT run_context_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT run_context_once UNIQUE (account_id, run_id)
);

--# table ballast.run_end
CREATE TABLE ballast.run_end (
    account_id text NOT NULL,
    run_id text NOT NULL,
    epoch bigint NOT NULL,
    CONSTRAINT run_end_pkey PRIMARY KEY (account_id, run_id)
);

--# table ballast.snapshot
CREATE TABLE ballast.snapshot (
    account_id text NOT NULL,
    seq bigint NOT NULL,
    root bytea NOT NULL,
    run_id text NOT NULL,
    data bytea NOT NULL,
    CONSTRAINT snapshot_pkey PRIMARY KEY (account_id, seq)
);

--# table ballast.storage_world
CREATE TABLE ballast.storage_world (
    ordinal bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    found_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    world text NOT NULL,
    server_version text NOT NULL,
    extension_version text NOT NULL,
    hypertables text[] NOT NULL,
    remark text NOT NULL,
    code_version text NOT NULL,
    CONSTRAINT storage_world_pkey PRIMARY KEY (ordinal),
    CONSTRAINT storage_world_has_extension CHECK (((world = 'absent'::text) = (extension_version = ''::text))),
    CONSTRAINT storage_world_known CHECK ((world = ANY (ARRAY['absent'::text, 'apache'::text, 'community'::text])))
);

--# table ballast.trade_closed
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
    CONSTRAINT trade_closed_pkey PRIMARY KEY (account_id, seq, ordinal)
);

--# table ballast.trade_unexplained
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
    CONSTRAINT trade_unexplained_pkey PRIMARY KEY (account_id, seq, ordinal)
);

--# table ballast.trading_state
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
    CONSTRAINT trading_state_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT trading_state_kill_level CHECK (((kill_level >= 0) AND (kill_level <= 3))),
    CONSTRAINT trading_state_known CHECK ((state = ANY (ARRAY['Active'::text, 'Reducing'::text, 'Halted'::text])))
);

--# table ballast.training_fold
CREATE TABLE ballast.training_fold (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    bundle_id text NOT NULL,
    number bigint NOT NULL,
    fit_begins bigint NOT NULL,
    fit_ends bigint NOT NULL,
    calibrate_begins bigint NOT NULL,
    calibrate_ends bigint NOT NULL,
    test_begins bigint NOT NULL,
    test_ends bigint NOT NULL,
    rows_count bigint NOT NULL,
    log_loss bigint NOT NULL,
    log_loss_of_base_rate bigint NOT NULL,
    accuracy bigint NOT NULL,
    CONSTRAINT training_fold_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT training_fold_apart CHECK (((fit_begins < fit_ends) AND (fit_ends < calibrate_begins) AND (calibrate_begins < calibrate_ends) AND (calibrate_ends < test_begins) AND (test_begins < test_ends))),
    CONSTRAINT training_fold_figures CHECK (((number >= 1) AND (rows_count > 0) AND (log_loss >= 0) AND (log_loss_of_base_rate >= 0) AND ((accuracy >= 0) AND (accuracy <= 1000000)))),
    CONSTRAINT training_fold_once UNIQUE (account_id, run_id, number)
);

--# table ballast.training_window
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
    CONSTRAINT training_window_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT training_window_once UNIQUE (account_id, run_id, purpose),
    CONSTRAINT training_window_purpose CHECK ((purpose = ANY (ARRAY['fit'::text, 'calibrate'::text, 'test'::text]))),
    CONSTRAINT training_window_span CHECK ((begins < ends))
);

--# table ballast.transfer
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
    previous text,
    hash text,
    CONSTRAINT transfer_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT transfer_amount_positive CHECK (((amount > (0)::numeric) AND (amount < 'Infinity'::numeric))),
    CONSTRAINT transfer_between_two CHECK ((debit <> credit)),
    CONSTRAINT transfer_credit_sequence_once UNIQUE (account_id, credit, credit_sequence),
    CONSTRAINT transfer_debit_sequence_once UNIQUE (account_id, debit, debit_sequence),
    CONSTRAINT transfer_finite CHECK (((abs(debit_balance) < 'Infinity'::numeric) AND (abs(credit_balance) < 'Infinity'::numeric))),
    CONSTRAINT transfer_hash_form CHECK ((((previous IS NULL) = (hash IS NULL)) AND (octet_length(hash) = 64) AND (octet_length(previous) = ANY (ARRAY[0, 64])))),
    CONSTRAINT transfer_number_once UNIQUE (account_id, transfer_no)
);

--# table ballast.universe_member
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
    CONSTRAINT universe_member_pkey PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT universe_member_place_once UNIQUE (account_id, run_id, place)
);

--# table ballast.universe_version
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
    CONSTRAINT universe_version_pkey PRIMARY KEY (account_id, seq, ordinal)
);

--# table ballast.verdict_slice
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
    state integer[],
    persisted integer[],
    rebound integer[],
    downside integer[],
    move_h1 integer[],
    p_up_h24 integer[],
    value integer[],
    threshold integer[],
    profile_hash text,
    prediction_hash text,
    capital_hash text,
    CONSTRAINT verdict_slice_pkey PRIMARY KEY (account_id, seq, ordinal, at),
    CONSTRAINT verdict_slice_columns CHECK (((cardinality(action) = cardinality(reason)) AND (cardinality(action) = cardinality(p_up)) AND (cardinality(action) = cardinality(expected_move)) AND (cardinality(action) = cardinality(cost)) AND (cardinality(action) = cardinality(edge))))
);

--# key journal_sealed_begun ON ballast.journal_sealed
ALTER TABLE ballast.journal_sealed ADD CONSTRAINT journal_sealed_begun FOREIGN KEY (account_id, run_id) REFERENCES ballast.run(account_id, run_id);

--# key replay_manifest_ended ON ballast.replay_manifest
ALTER TABLE ballast.replay_manifest ADD CONSTRAINT replay_manifest_ended FOREIGN KEY (account_id, run_id) REFERENCES ballast.run_end(account_id, run_id);

--# key run_end_account_id_run_id_fkey ON ballast.run_end
ALTER TABLE ballast.run_end ADD CONSTRAINT run_end_account_id_run_id_fkey FOREIGN KEY (account_id, run_id) REFERENCES ballast.run(account_id, run_id);

--# storage of ballast.bar_slice.numbers
ALTER TABLE ballast.bar_slice ALTER COLUMN numbers SET STORAGE EXTERNAL;

--# storage of ballast.feature_slice.numbers
ALTER TABLE ballast.feature_slice ALTER COLUMN numbers SET STORAGE EXTERNAL;

--# storage of ballast.journal_frame.records
ALTER TABLE ballast.journal_frame ALTER COLUMN records SET STORAGE EXTERNAL;

--# storage of ballast.snapshot.data
ALTER TABLE ballast.snapshot ALTER COLUMN data SET STORAGE EXTERNAL;

--# index ballast.bar_slice_close
CREATE INDEX bar_slice_close ON ballast.bar_slice USING btree (account_id, run_id, close_ts);

--# index ballast.feature_slice_close
CREATE INDEX feature_slice_close ON ballast.feature_slice USING btree (account_id, run_id, close_ts);

--# index ballast.ingestion_gap_closed_once
CREATE UNIQUE INDEX ingestion_gap_closed_once ON ballast.ingestion_gap USING btree (account_id, number) WHERE (ends IS NOT NULL);

--# index ballast.ingestion_gap_opened_once
CREATE UNIQUE INDEX ingestion_gap_opened_once ON ballast.ingestion_gap USING btree (account_id, number) WHERE (ends IS NULL);

--# index ballast.order_event_of_order
CREATE INDEX order_event_of_order ON ballast.order_event USING btree (account_id, cl_ord_id, seq, ordinal);

--# index ballast.regime_slice_close
CREATE INDEX regime_slice_close ON ballast.regime_slice USING btree (account_id, run_id, close_ts);

--# index ballast.risk_profile_of_run
CREATE INDEX risk_profile_of_run ON ballast.risk_profile USING btree (account_id, run_id, seq, ordinal);

--# index ballast.transfer_hold_placed
CREATE INDEX transfer_hold_placed ON ballast.transfer USING btree (account_id, source) WHERE (source ~~ 'hold:%:place'::text);

--# view ballast.balance
CREATE VIEW ballast.balance AS
 SELECT t.account_id,
    s.ledger_account,
    t.asset,
    (array_agg(s.carried ORDER BY t.seq DESC, t.ordinal DESC))[1] AS balance,
    sum(s.change) AS total,
    count(*) AS postings,
    max(t.at) AS last_at
   FROM (ballast.transfer t
     CROSS JOIN LATERAL ( VALUES (t.debit,(- t.amount),t.debit_balance), (t.credit,t.amount,t.credit_balance)) s(ledger_account, change, carried))
  GROUP BY t.account_id, s.ledger_account, t.asset;

--# view ballast.derived_row
CREATE VIEW ballast.derived_row AS
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'run_context'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.run_context r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'universe_version'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.universe_version r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'universe_member'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.universe_member r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'instrument'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.instrument r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'profile'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.profile r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'profile_assignment'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.profile_assignment r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'model_version'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.model_version r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'training_window'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.training_window r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'regime_cut'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.regime_cut r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'training_fold'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.training_fold r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'activation'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.activation r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'operator_action'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.operator_action r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'dataset'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.dataset r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'bar_slice'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.bar_slice r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'feature_schema'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.feature_schema r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'feature_slice'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.feature_slice r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'regime_slice'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.regime_slice r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'prediction_slice'::text AS table_name,
    sha256(convert_to(((to_jsonb(r.*) -
        CASE
            WHEN (r.p_up_h1 IS NULL) THEN ARRAY['p_up_h1'::text, 'move_h1'::text, 'p_up_h4'::text, 'move_h4'::text, 'p_up_h24'::text, 'move_h24'::text, 'rebound'::text, 'downside'::text]
            ELSE ARRAY[]::text[]
        END))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.prediction_slice r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'risk_profile'::text AS table_name,
    sha256(convert_to(((to_jsonb(r.*) -
        CASE
            WHEN (r.cluster_cap IS NULL) THEN ARRAY['position_risk'::text, 'cluster_cap'::text, 'quote_cap_cad'::text, 'quote_cap_usd'::text, 'quote_cap_usdc'::text, 'capital_floor'::text, 'day_loss_max'::text, 'entries_per_minute_max_count'::text]
            ELSE ARRAY[]::text[]
        END))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.risk_profile r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'trading_state'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.trading_state r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'verdict_slice'::text AS table_name,
    sha256(convert_to(((to_jsonb(r.*) -
        CASE
            WHEN (r.state IS NULL) THEN ARRAY['state'::text, 'persisted'::text, 'rebound'::text, 'downside'::text, 'move_h1'::text, 'p_up_h24'::text, 'value'::text, 'threshold'::text, 'profile_hash'::text, 'prediction_hash'::text, 'capital_hash'::text]
            ELSE ARRAY[]::text[]
        END))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.verdict_slice r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'refusal'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.refusal r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'risk_verdict'::text AS table_name,
    sha256(convert_to(((to_jsonb(r.*) -
        CASE
            WHEN (r.cluster_cap IS NULL) THEN ARRAY['cluster_cap'::text, 'cluster_worth'::text, 'quote_cap'::text, 'quote_worth'::text, 'risk'::text, 'account_equity'::text, 'capital_floor'::text, 'day_loss'::text, 'day_loss_max'::text]
            ELSE ARRAY[]::text[]
        END))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.risk_verdict r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'order_event'::text AS table_name,
    sha256(convert_to(((to_jsonb(r.*) -
        CASE
            WHEN (r.cost IS NULL) THEN ARRAY['cost'::text]
            ELSE ARRAY[]::text[]
        END))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.order_event r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'transfer'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.transfer r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'order_request'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.order_request r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'fill'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.fill r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'trade_unexplained'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.trade_unexplained r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'trade_closed'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.trade_closed r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'lot'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.lot r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'lot_consumed'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.lot_consumed r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'ledger_entry'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.ledger_entry r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'portfolio_hour'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.portfolio_hour r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'position_hour'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.position_hour r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'risk_hour'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.risk_hour r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'cluster_hour'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.cluster_hour r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'ingestion_gap'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.ingestion_gap r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'ingestion_watermark'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.ingestion_watermark r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'row_refused'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.row_refused r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'order_amendment'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.order_amendment r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'profile_change'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.profile_change r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'cluster_map'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.cluster_map r
UNION ALL
 SELECT r.account_id,
    r.run_id,
    r.mode,
    r.hour_ts_utc,
    r.seq,
    r.ordinal,
    r.at,
    'currency_hour'::text AS table_name,
    sha256(convert_to((to_jsonb(r.*))::text, 'UTF8'::name)) AS row_hash
   FROM ballast.currency_hour r;

--# view ballast.lot_open
CREATE VIEW ballast.lot_open AS
 SELECT l.account_id,
    l.number,
    l.symbol,
    l.source,
    l.at,
    (l.quantity - COALESCE(c.quantity, (0)::numeric)) AS quantity,
    (l.cost - COALESCE(c.cost, (0)::numeric)) AS cost
   FROM (ballast.lot l
     LEFT JOIN LATERAL ( SELECT sum(c_1.quantity) AS quantity,
            sum(c_1.cost) AS cost
           FROM ballast.lot_consumed c_1
          WHERE ((c_1.account_id = l.account_id) AND (c_1.number = l.number))) c ON (true))
  WHERE (l.quantity > COALESCE(c.quantity, (0)::numeric));

--# view ballast.open_gap
CREATE VIEW ballast.open_gap AS
 SELECT o.account_id,
    o.run_id,
    o.mode,
    o.hour_ts_utc,
    o.seq,
    o.ordinal,
    o.at,
    o.number,
    o.stream,
    o.place,
    o.symbol,
    o.kind,
    o.told_by,
    o.begins
   FROM (ballast.ingestion_gap o
     LEFT JOIN ballast.ingestion_gap c ON (((c.account_id = o.account_id) AND (c.number = o.number) AND (c.ends IS NOT NULL))))
  WHERE ((o.ends IS NULL) AND (c.number IS NULL));

--# view ballast.posting
CREATE VIEW ballast.posting AS
 SELECT t.account_id,
    t.run_id,
    t.mode,
    t.hour_ts_utc,
    t.seq,
    t.ordinal,
    t.at,
    t.transfer_no,
    s.side,
    s.ledger_account,
    t.asset,
    s.change,
    s.balance,
    s.sequence,
    s.counterpart,
    t.source,
    t.cause
   FROM (ballast.transfer t
     CROSS JOIN LATERAL ( VALUES ('debit'::text,t.debit,(- t.amount),t.debit_balance,t.debit_sequence,t.credit), ('credit'::text,t.credit,t.amount,t.credit_balance,t.credit_sequence,t.debit)) s(side, ledger_account, change, balance, sequence, counterpart));

--# view ballast.regime
CREATE VIEW ballast.regime AS
 SELECT s.account_id,
    s.run_id,
    s.mode,
    s.hour_ts_utc,
    s.seq,
    s.ordinal,
    s.at,
    s.close_ts,
    m.symbol,
        CASE r.number
            WHEN 0 THEN 'range'::text
            WHEN 1 THEN 'trend'::text
            WHEN 2 THEN 'high volatility'::text
            WHEN 3 THEN 'stress'::text
            ELSE NULL::text
        END AS regime,
    s.bundle_id
   FROM ((ballast.regime_slice s
     CROSS JOIN LATERAL unnest(s.regime) WITH ORDINALITY r(number, place))
     JOIN ballast.universe_member m ON (((m.account_id = s.account_id) AND (m.run_id = s.run_id) AND (m.place = (r.place - 1)))));

--# view ballast.slice_number
CREATE VIEW ballast.slice_number AS
 SELECT s.kind,
    s.account_id,
    s.run_id,
    s.mode,
    s.hour_ts_utc,
    s.seq,
    s.ordinal,
    s.at,
    s.close_ts,
    n."position",
        CASE
            WHEN ((p.exponent = 2047) AND (p.fraction <> 0)) THEN 'NaN'::double precision
            WHEN (p.exponent = 2047) THEN ((p.sign)::double precision * 'Infinity'::double precision)
            WHEN (p.exponent = 0) THEN ((((p.sign)::double precision * (p.fraction)::double precision) * power((2)::double precision, ('-1022'::integer)::double precision)) * power((2)::double precision, ('-52'::integer)::double precision))
            ELSE (((p.sign)::double precision * ((1)::double precision + ((p.fraction)::double precision / ('4503599627370496'::bigint)::double precision))) * power((2)::double precision, ((p.exponent - 1023))::double precision))
        END AS number
   FROM ((( SELECT 'bar'::text AS kind,
            bar_slice.account_id,
            bar_slice.run_id,
            bar_slice.mode,
            bar_slice.hour_ts_utc,
            bar_slice.seq,
            bar_slice.ordinal,
            bar_slice.at,
            bar_slice.close_ts,
            bar_slice.numbers
           FROM ballast.bar_slice
        UNION ALL
         SELECT 'feature'::text AS kind,
            feature_slice.account_id,
            feature_slice.run_id,
            feature_slice.mode,
            feature_slice.hour_ts_utc,
            feature_slice.seq,
            feature_slice.ordinal,
            feature_slice.at,
            feature_slice.close_ts,
            feature_slice.numbers
           FROM ballast.feature_slice) s
     CROSS JOIN LATERAL generate_series(0, ((octet_length(s.numbers) / 8) - 1)) n("position"))
     CROSS JOIN LATERAL ( SELECT (((get_byte(w.b, 7) & 127) * 16) + (get_byte(w.b, 6) / 16)) AS exponent,
            (1 - (2 * (get_byte(w.b, 7) / 128))) AS sign,
            (((((((((get_byte(w.b, 6) & 15))::bigint << 48) | ((get_byte(w.b, 5))::bigint << 40)) | ((get_byte(w.b, 4))::bigint << 32)) | ((get_byte(w.b, 3))::bigint << 24)) | ((get_byte(w.b, 2))::bigint << 16)) | ((get_byte(w.b, 1))::bigint << 8)) | (get_byte(w.b, 0))::bigint) AS fraction
           FROM ( SELECT SUBSTRING(s.numbers FROM ((8 * n."position") + 1) FOR 8) AS b) w) p);

--# trigger check_added ON ballast.bar_slice
CREATE TRIGGER check_added AFTER INSERT ON ballast.bar_slice REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_bars();

--# trigger check_added ON ballast.feature_slice
CREATE TRIGGER check_added AFTER INSERT ON ballast.feature_slice REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_features();

--# trigger check_added ON ballast.fill
CREATE TRIGGER check_added AFTER INSERT ON ballast.fill REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_fills();

--# trigger check_added ON ballast.ingestion_gap
CREATE TRIGGER check_added AFTER INSERT ON ballast.ingestion_gap REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_gaps();

--# trigger check_added ON ballast.ingestion_watermark
CREATE TRIGGER check_added AFTER INSERT ON ballast.ingestion_watermark REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_watermarks();

--# trigger check_added ON ballast.journal_frame
CREATE TRIGGER check_added AFTER INSERT ON ballast.journal_frame REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_frames();

--# trigger check_added ON ballast.lease
CREATE TRIGGER check_added AFTER INSERT ON ballast.lease REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_lease();

--# trigger check_added ON ballast.lot_consumed
CREATE TRIGGER check_added AFTER INSERT ON ballast.lot_consumed REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_lots();

--# trigger check_added ON ballast.order_amendment
CREATE TRIGGER check_added AFTER INSERT ON ballast.order_amendment REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_order_amendments();

--# trigger check_added ON ballast.order_request
CREATE TRIGGER check_added AFTER INSERT ON ballast.order_request REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_order_requests();

--# trigger check_added ON ballast.prediction_slice
CREATE TRIGGER check_added AFTER INSERT ON ballast.prediction_slice REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_predictions();

--# trigger check_added ON ballast.regime_slice
CREATE TRIGGER check_added AFTER INSERT ON ballast.regime_slice REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_regimes();

--# trigger check_added ON ballast.replay_manifest
CREATE TRIGGER check_added AFTER INSERT ON ballast.replay_manifest REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_manifests();

--# trigger check_added ON ballast.risk_profile
CREATE TRIGGER check_added AFTER INSERT ON ballast.risk_profile REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_risk_profiles();

--# trigger check_added ON ballast.risk_verdict
CREATE TRIGGER check_added AFTER INSERT ON ballast.risk_verdict REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_verdicts();

--# trigger check_added ON ballast.run
CREATE TRIGGER check_added AFTER INSERT ON ballast.run REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_runs();

--# trigger check_added ON ballast.run_end
CREATE TRIGGER check_added AFTER INSERT ON ballast.run_end REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_run_ends();

--# trigger check_added ON ballast.trade_closed
CREATE TRIGGER check_added AFTER INSERT ON ballast.trade_closed REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_trades();

--# trigger check_added ON ballast.transfer
CREATE TRIGGER check_added AFTER INSERT ON ballast.transfer REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_transfers();

--# trigger check_causes ON ballast.prediction_slice
CREATE TRIGGER check_causes AFTER INSERT ON ballast.prediction_slice REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_prediction_causes();

--# trigger check_environment ON ballast.run
CREATE TRIGGER check_environment AFTER INSERT ON ballast.run REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_environment();

--# trigger check_removed ON ballast.journal_frame
CREATE TRIGGER check_removed AFTER DELETE ON ballast.journal_frame REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_removed();

--# trigger refuse_change ON ballast.activation
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.activation FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.bar_slice
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.bar_slice FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.cluster_hour
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.cluster_hour FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.cluster_map
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.cluster_map FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.currency_hour
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.currency_hour FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.dataset
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.dataset FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.feature_schema
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.feature_schema FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.feature_slice
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.feature_slice FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.fill
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.fill FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.ingestion_gap
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.ingestion_gap FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.ingestion_watermark
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.ingestion_watermark FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.instrument
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.instrument FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.journal_frame
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.journal_frame FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_removal();

--# trigger refuse_change ON ballast.journal_sealed
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.journal_sealed FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.lease
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.lease FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.ledger_entry
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.ledger_entry FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.lot
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.lot FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.lot_consumed
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.lot_consumed FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.migration
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.migration FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.model_version
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.model_version FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.operator_action
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.operator_action FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.order_amendment
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.order_amendment FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.order_event
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.order_event FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.order_request
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.order_request FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.portfolio_hour
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.portfolio_hour FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.position_hour
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.position_hour FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.prediction_slice
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.prediction_slice FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.profile
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.profile FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.profile_assignment
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.profile_assignment FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.profile_change
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.profile_change FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.refusal
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.refusal FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.regime_cut
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.regime_cut FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.regime_slice
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.regime_slice FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.replay_manifest
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.replay_manifest FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.risk_hour
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.risk_hour FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.risk_profile
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.risk_profile FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.risk_verdict
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.risk_verdict FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.row_refused
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.row_refused FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.run
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.run FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.run_context
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.run_context FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.run_end
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.run_end FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.storage_world
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.storage_world FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.trade_closed
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.trade_closed FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.trade_unexplained
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.trade_unexplained FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.trading_state
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.trading_state FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.training_fold
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.training_fold FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.training_window
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.training_window FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.transfer
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.transfer FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.universe_member
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.universe_member FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.universe_version
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.universe_version FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger refuse_change ON ballast.verdict_slice
CREATE TRIGGER refuse_change BEFORE DELETE OR UPDATE OR TRUNCATE ON ballast.verdict_slice FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();

--# trigger seal_added ON ballast.journal_sealed
CREATE TRIGGER seal_added AFTER INSERT ON ballast.journal_sealed REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.seal_frames();

--# view ballast.bar
CREATE VIEW ballast.bar AS
 SELECT s.account_id,
    s.run_id,
    s.mode,
    s.hour_ts_utc,
    s.seq,
    s.ordinal,
    s.at,
    s.open_ts,
    s.close_ts,
    m.symbol,
    max(n.number) FILTER (WHERE ((n."position" % 6) = 0)) AS open,
    max(n.number) FILTER (WHERE ((n."position" % 6) = 1)) AS high,
    max(n.number) FILTER (WHERE ((n."position" % 6) = 2)) AS low,
    max(n.number) FILTER (WHERE ((n."position" % 6) = 3)) AS close,
    max(n.number) FILTER (WHERE ((n."position" % 6) = 4)) AS volume,
    max(n.number) FILTER (WHERE ((n."position" % 6) = 5)) AS count
   FROM ((ballast.bar_slice s
     JOIN ballast.slice_number n ON (((n.kind = 'bar'::text) AND (n.account_id = s.account_id) AND (n.seq = s.seq) AND (n.ordinal = s.ordinal))))
     JOIN ballast.universe_member m ON (((m.account_id = s.account_id) AND (m.run_id = s.run_id) AND (m.place = (n."position" / 6)))))
  GROUP BY s.account_id, s.run_id, s.mode, s.hour_ts_utc, s.seq, s.ordinal, s.at, s.open_ts, s.close_ts, m.symbol;

--# view ballast.feature
CREATE VIEW ballast.feature AS
 SELECT n.account_id,
    n.run_id,
    n.mode,
    n.hour_ts_utc,
    n.seq,
    n.ordinal,
    n.at,
    n.close_ts,
    m.symbol,
    s.names[((n."position" % cardinality(s.names)) + 1)] AS name,
    n.number,
    s.schema_hash
   FROM ((ballast.slice_number n
     JOIN ballast.feature_schema s ON (((s.account_id = n.account_id) AND (s.run_id = n.run_id))))
     JOIN ballast.universe_member m ON (((m.account_id = n.account_id) AND (m.run_id = n.run_id) AND (m.place = (n."position" / cardinality(s.names))))))
  WHERE (n.kind = 'feature'::text);

--# firing of trigger check_added ON ballast.bar_slice
ALTER TABLE ballast.bar_slice ENABLE ALWAYS TRIGGER check_added;

--# firing of trigger check_added ON ballast.feature_slice
ALTER TABLE ballast.feature_slice ENABLE ALWAYS TRIGGER check_added;

--# firing of trigger check_added ON ballast.fill
ALTER TABLE ballast.fill ENABLE ALWAYS TRIGGER check_added;

--# firing of trigger check_added ON ballast.ingestion_gap
ALTER TABLE ballast.ingestion_gap ENABLE ALWAYS TRIGGER check_added;

--# firing of trigger check_added ON ballast.ingestion_watermark
ALTER TABLE ballast.ingestion_watermark ENABLE ALWAYS TRIGGER check_added;

--# firing of trigger check_added ON ballast.journal_frame
ALTER TABLE ballast.journal_frame ENABLE ALWAYS TRIGGER check_added;

--# firing of trigger check_added ON ballast.lease
ALTER TABLE ballast.lease ENABLE ALWAYS TRIGGER check_added;

--# firing of trigger check_added ON ballast.lot_consumed
ALTER TABLE ballast.lot_consumed ENABLE ALWAYS TRIGGER check_added;

--# firing of trigger check_added ON ballast.order_amendment
ALTER TABLE ballast.order_amendment ENABLE ALWAYS TRIGGER check_added;

--# firing of trigger check_added ON ballast.order_request
ALTER TABLE ballast.order_request ENABLE ALWAYS TRIGGER check_added;

--# firing of trigger check_added ON ballast.prediction_slice
ALTER TABLE ballast.prediction_slice ENABLE ALWAYS TRIGGER check_added;

--# firing of trigger check_added ON ballast.regime_slice
ALTER TABLE ballast.regime_slice ENABLE ALWAYS TRIGGER check_added;

--# firing of trigger check_added ON ballast.replay_manifest
ALTER TABLE ballast.replay_manifest ENABLE ALWAYS TRIGGER check_added;

--# firing of trigger check_added ON ballast.risk_profile
ALTER TABLE ballast.risk_profile ENABLE ALWAYS TRIGGER check_added;

--# firing of trigger check_added ON ballast.risk_verdict
ALTER TABLE ballast.risk_verdict ENABLE ALWAYS TRIGGER check_added;

--# firing of trigger check_added ON ballast.run
ALTER TABLE ballast.run ENABLE ALWAYS TRIGGER check_added;

--# firing of trigger check_added ON ballast.run_end
ALTER TABLE ballast.run_end ENABLE ALWAYS TRIGGER check_added;

--# firing of trigger check_added ON ballast.trade_closed
ALTER TABLE ballast.trade_closed ENABLE ALWAYS TRIGGER check_added;

--# firing of trigger check_added ON ballast.transfer
ALTER TABLE ballast.transfer ENABLE ALWAYS TRIGGER check_added;

--# firing of trigger check_causes ON ballast.prediction_slice
ALTER TABLE ballast.prediction_slice ENABLE ALWAYS TRIGGER check_causes;

--# firing of trigger check_environment ON ballast.run
ALTER TABLE ballast.run ENABLE ALWAYS TRIGGER check_environment;

--# firing of trigger check_removed ON ballast.journal_frame
ALTER TABLE ballast.journal_frame ENABLE ALWAYS TRIGGER check_removed;

--# firing of trigger refuse_change ON ballast.activation
ALTER TABLE ballast.activation ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.bar_slice
ALTER TABLE ballast.bar_slice ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.cluster_hour
ALTER TABLE ballast.cluster_hour ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.cluster_map
ALTER TABLE ballast.cluster_map ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.currency_hour
ALTER TABLE ballast.currency_hour ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.dataset
ALTER TABLE ballast.dataset ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.feature_schema
ALTER TABLE ballast.feature_schema ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.feature_slice
ALTER TABLE ballast.feature_slice ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.fill
ALTER TABLE ballast.fill ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.ingestion_gap
ALTER TABLE ballast.ingestion_gap ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.ingestion_watermark
ALTER TABLE ballast.ingestion_watermark ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.instrument
ALTER TABLE ballast.instrument ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.journal_frame
ALTER TABLE ballast.journal_frame ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.journal_sealed
ALTER TABLE ballast.journal_sealed ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.lease
ALTER TABLE ballast.lease ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.ledger_entry
ALTER TABLE ballast.ledger_entry ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.lot
ALTER TABLE ballast.lot ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.lot_consumed
ALTER TABLE ballast.lot_consumed ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.migration
ALTER TABLE ballast.migration ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.model_version
ALTER TABLE ballast.model_version ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.operator_action
ALTER TABLE ballast.operator_action ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.order_amendment
ALTER TABLE ballast.order_amendment ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.order_event
ALTER TABLE ballast.order_event ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.order_request
ALTER TABLE ballast.order_request ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.portfolio_hour
ALTER TABLE ballast.portfolio_hour ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.position_hour
ALTER TABLE ballast.position_hour ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.prediction_slice
ALTER TABLE ballast.prediction_slice ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.profile
ALTER TABLE ballast.profile ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.profile_assignment
ALTER TABLE ballast.profile_assignment ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.profile_change
ALTER TABLE ballast.profile_change ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.refusal
ALTER TABLE ballast.refusal ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.regime_cut
ALTER TABLE ballast.regime_cut ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.regime_slice
ALTER TABLE ballast.regime_slice ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.replay_manifest
ALTER TABLE ballast.replay_manifest ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.risk_hour
ALTER TABLE ballast.risk_hour ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.risk_profile
ALTER TABLE ballast.risk_profile ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.risk_verdict
ALTER TABLE ballast.risk_verdict ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.row_refused
ALTER TABLE ballast.row_refused ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.run
ALTER TABLE ballast.run ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.run_context
ALTER TABLE ballast.run_context ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.run_end
ALTER TABLE ballast.run_end ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.storage_world
ALTER TABLE ballast.storage_world ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.trade_closed
ALTER TABLE ballast.trade_closed ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.trade_unexplained
ALTER TABLE ballast.trade_unexplained ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.trading_state
ALTER TABLE ballast.trading_state ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.training_fold
ALTER TABLE ballast.training_fold ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.training_window
ALTER TABLE ballast.training_window ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.transfer
ALTER TABLE ballast.transfer ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.universe_member
ALTER TABLE ballast.universe_member ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.universe_version
ALTER TABLE ballast.universe_version ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger refuse_change ON ballast.verdict_slice
ALTER TABLE ballast.verdict_slice ENABLE ALWAYS TRIGGER refuse_change;

--# firing of trigger seal_added ON ballast.journal_sealed
ALTER TABLE ballast.journal_sealed ENABLE ALWAYS TRIGGER seal_added;

--# comment on COLUMN ballast.order_event.cost
COMMENT ON COLUMN ballast.order_event.cost IS 'What the venue charged or paid for what is filled, without fees, in quote currency; NULL before it was told';

--# comment on COLUMN ballast.prediction_slice.downside
COMMENT ON COLUMN ballast.prediction_slice.downside IS 'Odds that the lowest open of the next 4 hours lies half a daily sigma or more below the entry''s';

--# comment on COLUMN ballast.prediction_slice.move_h1
COMMENT ON COLUMN ballast.prediction_slice.move_h1 IS 'Mean gross return until then';

--# comment on COLUMN ballast.prediction_slice.move_h24
COMMENT ON COLUMN ballast.prediction_slice.move_h24 IS 'Mean gross return until then';

--# comment on COLUMN ballast.prediction_slice.move_h4
COMMENT ON COLUMN ballast.prediction_slice.move_h4 IS 'Mean gross return until then';

--# comment on COLUMN ballast.prediction_slice.p_up_h1
COMMENT ON COLUMN ballast.prediction_slice.p_up_h1 IS 'P(up) an hour after the entry''s open';

--# comment on COLUMN ballast.prediction_slice.p_up_h24
COMMENT ON COLUMN ballast.prediction_slice.p_up_h24 IS 'P(up) a day after the entry''s open';

--# comment on COLUMN ballast.prediction_slice.p_up_h4
COMMENT ON COLUMN ballast.prediction_slice.p_up_h4 IS 'P(up) four hours after the entry''s open';

--# comment on COLUMN ballast.prediction_slice.rebound
COMMENT ON COLUMN ballast.prediction_slice.rebound IS 'Odds that the highest open of the next 24 hours lies a daily sigma or more above the entry''s';

--# comment on COLUMN ballast.risk_profile.capital_floor
COMMENT ON COLUMN ballast.risk_profile.capital_floor IS 'Equity in reporting currency that must be exceeded for an entry; 0 for none';

--# comment on COLUMN ballast.risk_profile.cluster_cap
COMMENT ON COLUMN ballast.risk_profile.cluster_cap IS 'Cap of what is one risk, in millionths of the equity';

--# comment on COLUMN ballast.risk_profile.day_loss_max
COMMENT ON COLUMN ballast.risk_profile.day_loss_max IS 'Loss of a UTC day in millionths at which nothing is bought any more';

--# comment on COLUMN ballast.risk_profile.position_risk
COMMENT ON COLUMN ballast.risk_profile.position_risk IS 'The base risk of one position at its greatest scale, in millionths of the equity';

--# comment on COLUMN ballast.risk_verdict.account_equity
COMMENT ON COLUMN ballast.risk_verdict.account_equity IS 'Equity in reporting currency';

--# comment on COLUMN ballast.risk_verdict.capital_floor
COMMENT ON COLUMN ballast.risk_verdict.capital_floor IS 'What it must exceed, in reporting currency';

--# comment on COLUMN ballast.risk_verdict.cluster_worth
COMMENT ON COLUMN ballast.risk_verdict.cluster_worth IS 'What stands against the cap of one risk, in quote currency; open buys at their worst';

--# comment on COLUMN ballast.risk_verdict.day_loss
COMMENT ON COLUMN ballast.risk_verdict.day_loss IS 'The greatest loss of the UTC day, in millionths';

--# comment on COLUMN ballast.risk_verdict.day_loss_max
COMMENT ON COLUMN ballast.risk_verdict.day_loss_max IS 'The loss at which a day buys nothing more';

--# comment on COLUMN ballast.risk_verdict.quote_worth
COMMENT ON COLUMN ballast.risk_verdict.quote_worth IS 'What stands against the cap of the quote currency; open buys at their worst';

--# comment on COLUMN ballast.risk_verdict.risk
COMMENT ON COLUMN ballast.risk_verdict.risk IS 'What a position may be by base risk, volatility and confidence, in quote currency';

--# comment on COLUMN ballast.verdict_slice.capital_hash
COMMENT ON COLUMN ballast.verdict_slice.capital_hash IS 'SHA-256 of portfolio and kill level as they were known; NULL before they were';

--# comment on COLUMN ballast.verdict_slice.downside
COMMENT ON COLUMN ballast.verdict_slice.downside IS 'Odds of a near fall that the model told, in millionths';

--# comment on COLUMN ballast.verdict_slice.move_h1
COMMENT ON COLUMN ballast.verdict_slice.move_h1 IS 'Expected move of an hour, in millionths';

--# comment on COLUMN ballast.verdict_slice.p_up_h24
COMMENT ON COLUMN ballast.verdict_slice.p_up_h24 IS 'P(up) of a day, in millionths';

--# comment on COLUMN ballast.verdict_slice.persisted
COMMENT ON COLUMN ballast.verdict_slice.persisted IS 'For how many predictions in a row it was on its side of neutral';

--# comment on COLUMN ballast.verdict_slice.prediction_hash
COMMENT ON COLUMN ballast.verdict_slice.prediction_hash IS 'SHA-256 of the whole prediction with its bundle: what the model said';

--# comment on COLUMN ballast.verdict_slice.profile_hash
COMMENT ON COLUMN ballast.verdict_slice.profile_hash IS 'SHA-256 of the strategy''s thresholds in force, as in profile';

--# comment on COLUMN ballast.verdict_slice.rebound
COMMENT ON COLUMN ballast.verdict_slice.rebound IS 'Odds of a rebound that the model told, in millionths';

--# comment on COLUMN ballast.verdict_slice.state
COMMENT ON COLUMN ballast.verdict_slice.state IS 'The class of P(up), from -2 (strongly negative) to 2 (strongly positive)';

--# comment on COLUMN ballast.verdict_slice.threshold
COMMENT ON COLUMN ballast.verdict_slice.threshold IS 'The limit that the value was held against';

--# comment on COLUMN ballast.verdict_slice.value
COMMENT ON COLUMN ballast.verdict_slice.value IS 'What the deciding rung was asked of, in the rung''s own unit; the smallest integer where nothing is known';

--# comment on CONSTRAINT activation_kind ON ballast.activation
COMMENT ON CONSTRAINT activation_kind ON ballast.activation IS 'A permission of unknown reach is none';

--# comment on CONSTRAINT activation_live_approved ON ballast.activation
COMMENT ON CONSTRAINT activation_live_approved ON ballast.activation IS 'Nobody''s word lets a refused model trade money';

--# comment on CONSTRAINT activation_of_refused_has_reason ON ballast.activation
COMMENT ON CONSTRAINT activation_of_refused_has_reason ON ballast.activation IS 'A model that its gate refused speaks only on somebody''s word';

--# comment on CONSTRAINT activation_once ON ballast.activation
COMMENT ON CONSTRAINT activation_once ON ballast.activation IS 'A run has one model, activated once';

--# comment on CONSTRAINT activation_pkey ON ballast.activation
COMMENT ON CONSTRAINT activation_pkey ON ballast.activation IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT activation_reaches_mode ON ballast.activation
COMMENT ON CONSTRAINT activation_reaches_mode ON ballast.activation IS 'What was activated for paper does not trade money';

--# comment on CONSTRAINT activation_synthetic_on_seeded_feed ON ballast.activation
COMMENT ON CONSTRAINT activation_synthetic_on_seeded_feed ON ballast.activation IS 'What was trained on a made-up market speaks of no other';

--# comment on CONSTRAINT bar_slice_aligned ON ballast.bar_slice
COMMENT ON CONSTRAINT bar_slice_aligned ON ballast.bar_slice IS 'Bars lie on multiples of their length, hourly ones on full hours: others would mix two hours of market';

--# comment on CONSTRAINT bar_slice_closed ON ballast.bar_slice
COMMENT ON CONSTRAINT bar_slice_closed ON ballast.bar_slice IS 'A bar known before it closed has looked ahead';

--# comment on CONSTRAINT bar_slice_pkey ON ballast.bar_slice
COMMENT ON CONSTRAINT bar_slice_pkey ON ballast.bar_slice IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT bar_slice_span ON ballast.bar_slice
COMMENT ON CONSTRAINT bar_slice_span ON ballast.bar_slice IS 'A bar closes after it opens';

--# comment on CONSTRAINT cluster_hour_exposure_adds_up ON ballast.cluster_hour
COMMENT ON CONSTRAINT cluster_hour_exposure_adds_up ON ballast.cluster_hour IS 'Exposure is what is held and what may still be bought; no side of it is negative';

--# comment on CONSTRAINT cluster_hour_full ON ballast.cluster_hour
COMMENT ON CONSTRAINT cluster_hour_full ON ballast.cluster_hour IS 'Hours are UTC and full, and nobody records one before it is over';

--# comment on CONSTRAINT cluster_hour_once ON ballast.cluster_hour
COMMENT ON CONSTRAINT cluster_hour_once ON ballast.cluster_hour IS 'A cluster stands once in an hour';

--# comment on CONSTRAINT cluster_hour_pkey ON ballast.cluster_hour
COMMENT ON CONSTRAINT cluster_hour_pkey ON ballast.cluster_hour IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT cluster_map_measured ON ballast.cluster_map
COMMENT ON CONSTRAINT cluster_map_measured ON ballast.cluster_map IS 'A map comes of returns within a window, by a correlation between none and everything';

--# comment on CONSTRAINT cluster_map_of_the_past ON ballast.cluster_map
COMMENT ON CONSTRAINT cluster_map_of_the_past ON ballast.cluster_map IS 'Nobody knows the returns of tomorrow, and a map that never held is none';

--# comment on CONSTRAINT cluster_map_pkey ON ballast.cluster_map
COMMENT ON CONSTRAINT cluster_map_pkey ON ballast.cluster_map IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT currency_hour_finite ON ballast.currency_hour
COMMENT ON CONSTRAINT currency_hour_finite ON ballast.currency_hour IS 'What is not a number is no amount';

--# comment on CONSTRAINT currency_hour_full ON ballast.currency_hour
COMMENT ON CONSTRAINT currency_hour_full ON ballast.currency_hour IS 'Hours are UTC and full, and nobody records one before it is over';

--# comment on CONSTRAINT currency_hour_once ON ballast.currency_hour
COMMENT ON CONSTRAINT currency_hour_once ON ballast.currency_hour IS 'A currency has one worth in an hour of a run';

--# comment on CONSTRAINT currency_hour_pkey ON ballast.currency_hour
COMMENT ON CONSTRAINT currency_hour_pkey ON ballast.currency_hour IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT currency_hour_rate ON ballast.currency_hour
COMMENT ON CONSTRAINT currency_hour_rate ON ballast.currency_hour IS 'A rate was told before it was used, a sale brings no more than a purchase costs, and no rate is zeros';

--# comment on CONSTRAINT currency_hour_worth ON ballast.currency_hour
COMMENT ON CONSTRAINT currency_hour_worth ON ballast.currency_hour IS 'Nothing is worth more than its sale would bring, and without a rate nothing was gained by one';

--# comment on CONSTRAINT dataset_counts ON ballast.dataset
COMMENT ON CONSTRAINT dataset_counts ON ballast.dataset IS 'A loader refuses a file without a row, and nothing is missing less than not at all';

--# comment on CONSTRAINT dataset_name_without_folder ON ballast.dataset
COMMENT ON CONSTRAINT dataset_name_without_folder ON ballast.dataset IS 'A file is told by its name and content; where it lies is the operator''s own business';

--# comment on CONSTRAINT dataset_pkey ON ballast.dataset
COMMENT ON CONSTRAINT dataset_pkey ON ballast.dataset IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT dataset_purpose ON ballast.dataset
COMMENT ON CONSTRAINT dataset_purpose ON ballast.dataset IS 'Data of unknown use could be taken for some that the model did not see';

--# comment on CONSTRAINT dataset_seeded_or_recorded ON ballast.dataset
COMMENT ON CONSTRAINT dataset_seeded_or_recorded ON ballast.dataset IS 'A made-up market is made again from its seed; a recording has none';

--# comment on CONSTRAINT dataset_sha256_form ON ballast.dataset
COMMENT ON CONSTRAINT dataset_sha256_form ON ballast.dataset IS 'Without its hash nobody can tell whether a file is the one that was read';

--# comment on CONSTRAINT dataset_span ON ballast.dataset
COMMENT ON CONSTRAINT dataset_span ON ballast.dataset IS 'Data ends after it begins';

--# comment on CONSTRAINT feature_schema_names ON ballast.feature_schema
COMMENT ON CONSTRAINT feature_schema_names ON ballast.feature_schema IS 'Without names nobody can read a slice';

--# comment on CONSTRAINT feature_schema_once ON ballast.feature_schema
COMMENT ON CONSTRAINT feature_schema_once ON ballast.feature_schema IS 'The slices of a run are read by one catalogue; another one is another run';

--# comment on CONSTRAINT feature_schema_pkey ON ballast.feature_schema
COMMENT ON CONSTRAINT feature_schema_pkey ON ballast.feature_schema IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT feature_slice_pkey ON ballast.feature_slice
COMMENT ON CONSTRAINT feature_slice_pkey ON ballast.feature_slice IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT fill_pkey ON ballast.fill
COMMENT ON CONSTRAINT fill_pkey ON ballast.fill IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT fill_trade_once ON ballast.fill
COMMENT ON CONSTRAINT fill_trade_once ON ballast.fill IS 'The venue''s trade is booked once for its order, also in a later run';

--# comment on CONSTRAINT ingestion_gap_closing ON ballast.ingestion_gap
COMMENT ON CONSTRAINT ingestion_gap_closing ON ballast.ingestion_gap IS 'What closed came at least once; what is open has not been counted';

--# comment on CONSTRAINT ingestion_gap_kind ON ballast.ingestion_gap
COMMENT ON CONSTRAINT ingestion_gap_kind ON ballast.ingestion_gap IS 'A hole of unknown kind tells nobody what is missing';

--# comment on CONSTRAINT ingestion_gap_pkey ON ballast.ingestion_gap
COMMENT ON CONSTRAINT ingestion_gap_pkey ON ballast.ingestion_gap IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT ingestion_gap_place ON ballast.ingestion_gap
COMMENT ON CONSTRAINT ingestion_gap_place ON ballast.ingestion_gap IS 'A gap is that of one symbol, or of the whole run';

--# comment on CONSTRAINT ingestion_gap_span ON ballast.ingestion_gap
COMMENT ON CONSTRAINT ingestion_gap_span ON ballast.ingestion_gap IS 'A gap ends after it begins';

--# comment on CONSTRAINT ingestion_watermark_counts ON ballast.ingestion_watermark
COMMENT ON CONSTRAINT ingestion_watermark_counts ON ballast.ingestion_watermark IS 'Nobody takes less than nothing, or from before all time';

--# comment on CONSTRAINT ingestion_watermark_hour ON ballast.ingestion_watermark
COMMENT ON CONSTRAINT ingestion_watermark_hour ON ballast.ingestion_watermark IS 'Watermarks are set at full hours, UTC, and where a run resumes';

--# comment on CONSTRAINT ingestion_watermark_once ON ballast.ingestion_watermark
COMMENT ON CONSTRAINT ingestion_watermark_once ON ballast.ingestion_watermark IS 'A stream has one watermark an hour, and one where a run resumes';

--# comment on CONSTRAINT ingestion_watermark_pkey ON ballast.ingestion_watermark
COMMENT ON CONSTRAINT ingestion_watermark_pkey ON ballast.ingestion_watermark IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT ingestion_watermark_symbols ON ballast.ingestion_watermark
COMMENT ON CONSTRAINT ingestion_watermark_symbols ON ballast.ingestion_watermark IS 'Every symbol of the run has a value in every column; a stream without trade ids has none at all';

--# comment on CONSTRAINT instrument_once ON ballast.instrument
COMMENT ON CONSTRAINT instrument_once ON ballast.instrument IS 'One rule a place and run, or nobody could say which one was kept';

--# comment on CONSTRAINT instrument_pkey ON ballast.instrument
COMMENT ON CONSTRAINT instrument_pkey ON ballast.instrument IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT journal_frame_hour ON ballast.journal_frame
COMMENT ON CONSTRAINT journal_frame_hour ON ballast.journal_frame IS 'Frames are filed under full hours, UTC';

--# comment on CONSTRAINT journal_frame_pkey ON ballast.journal_frame
COMMENT ON CONSTRAINT journal_frame_pkey ON ballast.journal_frame IS 'One successor only: a fork of the stream cannot be stored';

--# comment on CONSTRAINT journal_frame_range ON ballast.journal_frame
COMMENT ON CONSTRAINT journal_frame_range ON ballast.journal_frame IS 'A frame holds at least one input, counted from 1';

--# comment on CONSTRAINT journal_frame_roots ON ballast.journal_frame
COMMENT ON CONSTRAINT journal_frame_roots ON ballast.journal_frame IS 'A root is a SHA-256';

--# comment on CONSTRAINT journal_sealed_begun ON ballast.journal_sealed
COMMENT ON CONSTRAINT journal_sealed_begun ON ballast.journal_sealed IS 'Only what has begun can be sealed; the run''s row stays';

--# comment on CONSTRAINT journal_sealed_counts ON ballast.journal_sealed
COMMENT ON CONSTRAINT journal_sealed_counts ON ballast.journal_sealed IS 'It stands for every input of its span, in frames that hold at least one each';

--# comment on CONSTRAINT journal_sealed_hashes ON ballast.journal_sealed
COMMENT ON CONSTRAINT journal_sealed_hashes ON ballast.journal_sealed IS 'A hash and an Ed25519 key have 32 bytes, a signature 64';

--# comment on CONSTRAINT journal_sealed_once ON ballast.journal_sealed
COMMENT ON CONSTRAINT journal_sealed_once ON ballast.journal_sealed IS 'A run is sealed whole, and once';

--# comment on CONSTRAINT journal_sealed_pkey ON ballast.journal_sealed
COMMENT ON CONSTRAINT journal_sealed_pkey ON ballast.journal_sealed IS 'Spans of an account do not overlap';

--# comment on CONSTRAINT journal_sealed_range ON ballast.journal_sealed
COMMENT ON CONSTRAINT journal_sealed_range ON ballast.journal_sealed IS 'A tombstone stands for at least one input, counted from 1';

--# comment on CONSTRAINT journal_sealed_roots ON ballast.journal_sealed
COMMENT ON CONSTRAINT journal_sealed_roots ON ballast.journal_sealed IS 'A root is a SHA-256';

--# comment on CONSTRAINT lease_epoch_positive ON ballast.lease
COMMENT ON CONSTRAINT lease_epoch_positive ON ballast.lease IS 'Epoch 0 means a reader, who may not write';

--# comment on CONSTRAINT lease_pkey ON ballast.lease
COMMENT ON CONSTRAINT lease_pkey ON ballast.lease IS 'Two leaders cannot open the same epoch';

--# comment on CONSTRAINT ledger_entry_once ON ballast.ledger_entry
COMMENT ON CONSTRAINT ledger_entry_once ON ballast.ledger_entry IS 'The venue''s entry is booked once for its asset, a transfer is corrected once';

--# comment on CONSTRAINT ledger_entry_pkey ON ballast.ledger_entry
COMMENT ON CONSTRAINT ledger_entry_pkey ON ballast.ledger_entry IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT lot_consumed_pkey ON ballast.lot_consumed
COMMENT ON CONSTRAINT lot_consumed_pkey ON ballast.lot_consumed IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT lot_consumed_quantity_positive ON ballast.lot_consumed
COMMENT ON CONSTRAINT lot_consumed_quantity_positive ON ballast.lot_consumed IS 'Nothing is no consumption';

--# comment on CONSTRAINT lot_consumed_remaining_covered ON ballast.lot_consumed
COMMENT ON CONSTRAINT lot_consumed_remaining_covered ON ballast.lot_consumed IS 'A lot gives no more than it has';

--# comment on CONSTRAINT lot_consumed_remaining_once ON ballast.lot_consumed
COMMENT ON CONSTRAINT lot_consumed_remaining_once ON ballast.lot_consumed IS 'Each consumption leaves less than the one before; the same lot is not taken twice';

--# comment on CONSTRAINT lot_number_once ON ballast.lot
COMMENT ON CONSTRAINT lot_number_once ON ballast.lot IS 'A lot opens once';

--# comment on CONSTRAINT lot_pkey ON ballast.lot
COMMENT ON CONSTRAINT lot_pkey ON ballast.lot IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT lot_quantity_positive ON ballast.lot
COMMENT ON CONSTRAINT lot_quantity_positive ON ballast.lot IS 'Nothing is no lot';

--# comment on CONSTRAINT migration_pkey ON ballast.migration
COMMENT ON CONSTRAINT migration_pkey ON ballast.migration IS 'A migration is applied once';

--# comment on CONSTRAINT model_version_once ON ballast.model_version
COMMENT ON CONSTRAINT model_version_once ON ballast.model_version IS 'One model predicts in a run; another one is another run';

--# comment on CONSTRAINT model_version_pkey ON ballast.model_version
COMMENT ON CONSTRAINT model_version_pkey ON ballast.model_version IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT model_version_trained ON ballast.model_version
COMMENT ON CONSTRAINT model_version_trained ON ballast.model_version IS 'Without the span of its data nobody can tell what a model had seen';

--# comment on CONSTRAINT operator_action_kind ON ballast.operator_action
COMMENT ON CONSTRAINT operator_action_kind ON ballast.operator_action IS 'What nobody knows the meaning of cannot be audited';

--# comment on CONSTRAINT operator_action_level ON ballast.operator_action
COMMENT ON CONSTRAINT operator_action_level ON ballast.operator_action IS 'A kill switch sets a level, and nothing else does';

--# comment on CONSTRAINT operator_action_pkey ON ballast.operator_action
COMMENT ON CONSTRAINT operator_action_pkey ON ballast.operator_action IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT order_amendment_deadline_after_decision ON ballast.order_amendment
COMMENT ON CONSTRAINT order_amendment_deadline_after_decision ON ballast.order_amendment IS 'The venue must not carry out what was dead when it was decided';

--# comment on CONSTRAINT order_amendment_limit_price_positive ON ballast.order_amendment
COMMENT ON CONSTRAINT order_amendment_limit_price_positive ON ballast.order_amendment IS 'Every order of ours has a worst price';

--# comment on CONSTRAINT order_amendment_numbered ON ballast.order_amendment
COMMENT ON CONSTRAINT order_amendment_numbered ON ballast.order_amendment IS 'Changes of an order are counted from 1; 0 is the order itself';

--# comment on CONSTRAINT order_amendment_of_an_exit ON ballast.order_amendment
COMMENT ON CONSTRAINT order_amendment_of_an_exit ON ballast.order_amendment IS 'An entry is called back and decided anew, never changed';

--# comment on CONSTRAINT order_amendment_once ON ballast.order_amendment
COMMENT ON CONSTRAINT order_amendment_once ON ballast.order_amendment IS 'An order is changed for the n-th time once';

--# comment on CONSTRAINT order_amendment_pkey ON ballast.order_amendment
COMMENT ON CONSTRAINT order_amendment_pkey ON ballast.order_amendment IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT order_amendment_something_left ON ballast.order_amendment
COMMENT ON CONSTRAINT order_amendment_something_left ON ballast.order_amendment IS 'An order that is filled has nothing to change, and we never order without limit';

--# comment on CONSTRAINT order_event_limit_price_positive ON ballast.order_event
COMMENT ON CONSTRAINT order_event_limit_price_positive ON ballast.order_event IS 'Every order of ours has a worst price';

--# comment on CONSTRAINT order_event_pkey ON ballast.order_event
COMMENT ON CONSTRAINT order_event_pkey ON ballast.order_event IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT order_event_quantity_positive ON ballast.order_event
COMMENT ON CONSTRAINT order_event_quantity_positive ON ballast.order_event IS 'We never order nothing, less, or without limit';

--# comment on CONSTRAINT order_event_side ON ballast.order_event
COMMENT ON CONSTRAINT order_event_side ON ballast.order_event IS 'An order buys or sells what is held; there is no short';

--# comment on CONSTRAINT order_request_deadline_after_decision ON ballast.order_request
COMMENT ON CONSTRAINT order_request_deadline_after_decision ON ballast.order_request IS 'The venue must not match what was dead when it was decided';

--# comment on CONSTRAINT order_request_limit_price_positive ON ballast.order_request
COMMENT ON CONSTRAINT order_request_limit_price_positive ON ballast.order_request IS 'Every order of ours has a worst price';

--# comment on CONSTRAINT order_request_once ON ballast.order_request
COMMENT ON CONSTRAINT order_request_once ON ballast.order_request IS 'A client order id names one order, in every run';

--# comment on CONSTRAINT order_request_pkey ON ballast.order_request
COMMENT ON CONSTRAINT order_request_pkey ON ballast.order_request IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT order_request_quantity_positive ON ballast.order_request
COMMENT ON CONSTRAINT order_request_quantity_positive ON ballast.order_request IS 'We never order nothing, less, or without limit';

--# comment on CONSTRAINT order_request_side ON ballast.order_request
COMMENT ON CONSTRAINT order_request_side ON ballast.order_request IS 'An order buys or sells what is held; there is no short';

--# comment on CONSTRAINT portfolio_hour_pkey ON ballast.portfolio_hour
COMMENT ON CONSTRAINT portfolio_hour_pkey ON ballast.portfolio_hour IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT position_hour_pkey ON ballast.position_hour
COMMENT ON CONSTRAINT position_hour_pkey ON ballast.position_hour IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT prediction_slice_columns ON ballast.prediction_slice
COMMENT ON CONSTRAINT prediction_slice_columns ON ballast.prediction_slice IS 'Every symbol of a slice has a value in every column';

--# comment on CONSTRAINT prediction_slice_pkey ON ballast.prediction_slice
COMMENT ON CONSTRAINT prediction_slice_pkey ON ballast.prediction_slice IS 'A row is told by its input and its place among that input''s rows, so none comes twice; a hypertable also demands the time by which it is cut';

--# comment on CONSTRAINT profile_assignment_pkey ON ballast.profile_assignment
COMMENT ON CONSTRAINT profile_assignment_pkey ON ballast.profile_assignment IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT profile_change_attributed ON ballast.profile_change
COMMENT ON CONSTRAINT profile_change_attributed ON ballast.profile_change IS 'A change without who and why is none';

--# comment on CONSTRAINT profile_change_not_early ON ballast.profile_change
COMMENT ON CONSTRAINT profile_change_not_early ON ballast.profile_change IS 'A change that raises risk waits until it is due';

--# comment on CONSTRAINT profile_change_pkey ON ballast.profile_change
COMMENT ON CONSTRAINT profile_change_pkey ON ballast.profile_change IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT profile_change_state ON ballast.profile_change
COMMENT ON CONSTRAINT profile_change_state ON ballast.profile_change IS 'What nobody knows the meaning of cannot be audited';

--# comment on CONSTRAINT profile_change_state_once ON ballast.profile_change
COMMENT ON CONSTRAINT profile_change_state_once ON ballast.profile_change IS 'A change comes into force, is refused, withdrawn or replaced once';

--# comment on CONSTRAINT profile_hash_of_content ON ballast.profile
COMMENT ON CONSTRAINT profile_hash_of_content ON ballast.profile IS 'A profile is named by what it says; another text has another name';

--# comment on CONSTRAINT profile_kind ON ballast.profile
COMMENT ON CONSTRAINT profile_kind ON ballast.profile IS 'Two profiles decide: how to trade, and how much may be lost';

--# comment on CONSTRAINT profile_pkey ON ballast.profile
COMMENT ON CONSTRAINT profile_pkey ON ballast.profile IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT refusal_pkey ON ballast.refusal
COMMENT ON CONSTRAINT refusal_pkey ON ballast.refusal IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT refusal_side ON ballast.refusal
COMMENT ON CONSTRAINT refusal_side ON ballast.refusal IS 'An intent buys or sells; there is no third side';

--# comment on CONSTRAINT regime_cut_once ON ballast.regime_cut
COMMENT ON CONSTRAINT regime_cut_once ON ballast.regime_cut IS 'Regimes are told by one set of cuts; another one is another bundle and run';

--# comment on CONSTRAINT regime_cut_pkey ON ballast.regime_cut
COMMENT ON CONSTRAINT regime_cut_pkey ON ballast.regime_cut IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT regime_cut_share ON ballast.regime_cut
COMMENT ON CONSTRAINT regime_cut_share ON ballast.regime_cut IS 'A cut with all data on one side cuts nothing';

--# comment on CONSTRAINT regime_slice_known ON ballast.regime_slice
COMMENT ON CONSTRAINT regime_slice_known ON ballast.regime_slice IS 'A regime of no known meaning tells nobody anything';

--# comment on CONSTRAINT regime_slice_pkey ON ballast.regime_slice
COMMENT ON CONSTRAINT regime_slice_pkey ON ballast.regime_slice IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT replay_manifest_ended ON ballast.replay_manifest
COMMENT ON CONSTRAINT replay_manifest_ended ON ballast.replay_manifest IS 'Only a run that was closed cleanly has come to something';

--# comment on CONSTRAINT replay_manifest_hashes ON ballast.replay_manifest
COMMENT ON CONSTRAINT replay_manifest_hashes ON ballast.replay_manifest IS 'Roots and hashes are SHA-256, in hex; only the first manifest has no parent';

--# comment on CONSTRAINT replay_manifest_pkey ON ballast.replay_manifest
COMMENT ON CONSTRAINT replay_manifest_pkey ON ballast.replay_manifest IS 'A run is summed up once';

--# comment on CONSTRAINT replay_manifest_range ON ballast.replay_manifest
COMMENT ON CONSTRAINT replay_manifest_range ON ballast.replay_manifest IS 'A run holds its inputs without a gap, and a frame holds at least one of them';

--# comment on CONSTRAINT replay_manifest_successor_once ON ballast.replay_manifest
COMMENT ON CONSTRAINT replay_manifest_successor_once ON ballast.replay_manifest IS 'A manifest has one successor, so a second history of an account cannot stand beside the first';

--# comment on CONSTRAINT risk_hour_closed_as_it_stands ON ballast.risk_hour
COMMENT ON CONSTRAINT risk_hour_closed_as_it_stands ON ballast.risk_hour IS 'Entries are open only while nothing stands against them: kill level, halt, drawdown, missing equity';

--# comment on CONSTRAINT risk_hour_counts ON ballast.risk_hour
COMMENT ON CONSTRAINT risk_hour_counts ON ballast.risk_hour IS 'An order of unknown outcome is an open order';

--# comment on CONSTRAINT risk_hour_exposure_adds_up ON ballast.risk_hour
COMMENT ON CONSTRAINT risk_hour_exposure_adds_up ON ballast.risk_hour IS 'Exposure is what is held and what may still be bought; no side of it is negative';

--# comment on CONSTRAINT risk_hour_full ON ballast.risk_hour
COMMENT ON CONSTRAINT risk_hour_full ON ballast.risk_hour IS 'Hours are UTC and full, and nobody records one before it is over';

--# comment on CONSTRAINT risk_hour_once ON ballast.risk_hour
COMMENT ON CONSTRAINT risk_hour_once ON ballast.risk_hour IS 'An hour is full once in a run';

--# comment on CONSTRAINT risk_hour_pkey ON ballast.risk_hour
COMMENT ON CONSTRAINT risk_hour_pkey ON ballast.risk_hour IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT risk_hour_share_follows ON ballast.risk_hour
COMMENT ON CONSTRAINT risk_hour_share_follows ON ballast.risk_hour IS 'The share is exposure over equity, rounded up, and unknown where there is no equity';

--# comment on CONSTRAINT risk_hour_state ON ballast.risk_hour
COMMENT ON CONSTRAINT risk_hour_state ON ballast.risk_hour IS 'A state that nobody knows says nothing of what was allowed';

--# comment on CONSTRAINT risk_profile_bounds_losses ON ballast.risk_profile
COMMENT ON CONSTRAINT risk_profile_bounds_losses ON ballast.risk_profile IS 'No cap lets more be one risk than the account is worth, no day loses more than everything, and a minute has an entry';

--# comment on CONSTRAINT risk_profile_no_leverage ON ballast.risk_profile
COMMENT ON CONSTRAINT risk_profile_no_leverage ON ballast.risk_profile IS 'No cap lets more be held than the account is worth';

--# comment on CONSTRAINT risk_profile_pkey ON ballast.risk_profile
COMMENT ON CONSTRAINT risk_profile_pkey ON ballast.risk_profile IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT risk_profile_tightens ON ballast.risk_profile
COMMENT ON CONSTRAINT risk_profile_tightens ON ballast.risk_profile IS 'The deeper the drawdown, the less is allowed';

--# comment on CONSTRAINT risk_verdict_above_floor ON ballast.risk_verdict
COMMENT ON CONSTRAINT risk_verdict_above_floor ON ballast.risk_verdict IS 'At or below the capital floor nobody enters';

--# comment on CONSTRAINT risk_verdict_day_loss_below_max ON ballast.risk_verdict
COMMENT ON CONSTRAINT risk_verdict_day_loss_below_max ON ballast.risk_verdict IS 'A day that lost what it may lose buys nothing more';

--# comment on CONSTRAINT risk_verdict_drawdown_below_halt ON ballast.risk_verdict
COMMENT ON CONSTRAINT risk_verdict_drawdown_below_halt ON ballast.risk_verdict IS 'Beyond the halt, or the step after a review, nobody enters';

--# comment on CONSTRAINT risk_verdict_edge_above_cost ON ballast.risk_verdict
COMMENT ON CONSTRAINT risk_verdict_edge_above_cost ON ballast.risk_verdict IS 'An entry is expected to earn more than it costs, by the margin';

--# comment on CONSTRAINT risk_verdict_finite ON ballast.risk_verdict
COMMENT ON CONSTRAINT risk_verdict_finite ON ballast.risk_verdict IS 'NaN and Infinity would pass for room without end';

--# comment on CONSTRAINT risk_verdict_intent_once ON ballast.risk_verdict
COMMENT ON CONSTRAINT risk_verdict_intent_once ON ballast.risk_verdict IS 'An intent is approved once: one approval, one order';

--# comment on CONSTRAINT risk_verdict_limit_price_positive ON ballast.risk_verdict
COMMENT ON CONSTRAINT risk_verdict_limit_price_positive ON ballast.risk_verdict IS 'Every approval has a worst price';

--# comment on CONSTRAINT risk_verdict_pkey ON ballast.risk_verdict
COMMENT ON CONSTRAINT risk_verdict_pkey ON ballast.risk_verdict IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT risk_verdict_positions_below_max ON ballast.risk_verdict
COMMENT ON CONSTRAINT risk_verdict_positions_below_max ON ballast.risk_verdict IS 'A further symbol needs a place';

--# comment on CONSTRAINT risk_verdict_quantity_positive ON ballast.risk_verdict
COMMENT ON CONSTRAINT risk_verdict_quantity_positive ON ballast.risk_verdict IS 'Nothing, less, or without limit is not approved';

--# comment on CONSTRAINT risk_verdict_side ON ballast.risk_verdict
COMMENT ON CONSTRAINT risk_verdict_side ON ballast.risk_verdict IS 'An intent buys or sells what is held; there is no short';

--# comment on CONSTRAINT risk_verdict_within_cash ON ballast.risk_verdict
COMMENT ON CONSTRAINT risk_verdict_within_cash ON ballast.risk_verdict IS 'An entry with its fee is paid from free cash: no leverage';

--# comment on CONSTRAINT risk_verdict_within_cluster_cap ON ballast.risk_verdict
COMMENT ON CONSTRAINT risk_verdict_within_cluster_cap ON ballast.risk_verdict IS 'What is one risk, open buys at their worst and this entry stay within the cap of one risk';

--# comment on CONSTRAINT risk_verdict_within_exposure_cap ON ballast.risk_verdict
COMMENT ON CONSTRAINT risk_verdict_within_exposure_cap ON ballast.risk_verdict IS 'All positions, open buys at their worst and this entry stay within the cap of all';

--# comment on CONSTRAINT risk_verdict_within_position_cap ON ballast.risk_verdict
COMMENT ON CONSTRAINT risk_verdict_within_position_cap ON ballast.risk_verdict IS 'What is held, open buys at their worst and this entry stay within the cap of one position';

--# comment on CONSTRAINT risk_verdict_within_quote_cap ON ballast.risk_verdict
COMMENT ON CONSTRAINT risk_verdict_within_quote_cap ON ballast.risk_verdict IS 'What is bought with a currency, open buys and this entry stay within the cap of that currency';

--# comment on CONSTRAINT risk_verdict_within_risk ON ballast.risk_verdict
COMMENT ON CONSTRAINT risk_verdict_within_risk ON ballast.risk_verdict IS 'A position is no larger than its risk by volatility and confidence';

--# comment on CONSTRAINT row_refused_pkey ON ballast.row_refused
COMMENT ON CONSTRAINT row_refused_pkey ON ballast.row_refused IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT run_account_id_ordinal_key ON ballast.run
COMMENT ON CONSTRAINT run_account_id_ordinal_key ON ballast.run IS 'The runs of an account have one order';

--# comment on CONSTRAINT run_context_once ON ballast.run_context
COMMENT ON CONSTRAINT run_context_once ON ballast.run_context IS 'A run is begun once, of one code, one setting and one universe';

--# comment on CONSTRAINT run_context_pkey ON ballast.run_context
COMMENT ON CONSTRAINT run_context_pkey ON ballast.run_context IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT run_end_account_id_run_id_fkey ON ballast.run_end
COMMENT ON CONSTRAINT run_end_account_id_run_id_fkey ON ballast.run_end IS 'Only what has begun can end';

--# comment on CONSTRAINT run_end_pkey ON ballast.run_end
COMMENT ON CONSTRAINT run_end_pkey ON ballast.run_end IS 'A run ends once';

--# comment on CONSTRAINT run_first_seq_positive ON ballast.run
COMMENT ON CONSTRAINT run_first_seq_positive ON ballast.run IS 'Inputs count from 1';

--# comment on CONSTRAINT run_genesis_length ON ballast.run
COMMENT ON CONSTRAINT run_genesis_length ON ballast.run IS 'A root is a SHA-256';

--# comment on CONSTRAINT run_pkey ON ballast.run
COMMENT ON CONSTRAINT run_pkey ON ballast.run IS 'A run is named by what it was made of; it is registered once';

--# comment on CONSTRAINT snapshot_pkey ON ballast.snapshot
COMMENT ON CONSTRAINT snapshot_pkey ON ballast.snapshot IS 'One snapshot an input; the first one stays';

--# comment on CONSTRAINT storage_world_has_extension ON ballast.storage_world
COMMENT ON CONSTRAINT storage_world_has_extension ON ballast.storage_world IS 'Without the extension in use there is no version of it, and with it there is one';

--# comment on CONSTRAINT storage_world_known ON ballast.storage_world
COMMENT ON CONSTRAINT storage_world_known ON ballast.storage_world IS 'There are three worlds, and each has its statements';

--# comment on CONSTRAINT storage_world_pkey ON ballast.storage_world
COMMENT ON CONSTRAINT storage_world_pkey ON ballast.storage_world IS 'Findings in their order';

--# comment on CONSTRAINT trade_closed_pkey ON ballast.trade_closed
COMMENT ON CONSTRAINT trade_closed_pkey ON ballast.trade_closed IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT trade_unexplained_pkey ON ballast.trade_unexplained
COMMENT ON CONSTRAINT trade_unexplained_pkey ON ballast.trade_unexplained IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT trading_state_kill_level ON ballast.trading_state
COMMENT ON CONSTRAINT trading_state_kill_level ON ballast.trading_state IS 'Kill levels are 0 off, 1 no new risk, 2 reduce, 3 flatten';

--# comment on CONSTRAINT trading_state_known ON ballast.trading_state
COMMENT ON CONSTRAINT trading_state_known ON ballast.trading_state IS 'A state nobody knows would be read as permission';

--# comment on CONSTRAINT trading_state_pkey ON ballast.trading_state
COMMENT ON CONSTRAINT trading_state_pkey ON ballast.trading_state IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT training_fold_apart ON ballast.training_fold
COMMENT ON CONSTRAINT training_fold_apart ON ballast.training_fold IS 'Fitted, then calibrated, then tested, with labels apart: what was seen before its test proves nothing';

--# comment on CONSTRAINT training_fold_figures ON ballast.training_fold
COMMENT ON CONSTRAINT training_fold_figures ON ballast.training_fold IS 'A test without labels, or beyond certainty, is none';

--# comment on CONSTRAINT training_fold_once ON ballast.training_fold
COMMENT ON CONSTRAINT training_fold_once ON ballast.training_fold IS 'A fold is told once, or nobody could say which one the gate saw';

--# comment on CONSTRAINT training_fold_pkey ON ballast.training_fold
COMMENT ON CONSTRAINT training_fold_pkey ON ballast.training_fold IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT training_window_once ON ballast.training_window
COMMENT ON CONSTRAINT training_window_once ON ballast.training_window IS 'A model is fitted, calibrated and tested on one span each';

--# comment on CONSTRAINT training_window_pkey ON ballast.training_window
COMMENT ON CONSTRAINT training_window_pkey ON ballast.training_window IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT training_window_purpose ON ballast.training_window
COMMENT ON CONSTRAINT training_window_purpose ON ballast.training_window IS 'A span of unknown purpose could be taken for one that the model did not see';

--# comment on CONSTRAINT training_window_span ON ballast.training_window
COMMENT ON CONSTRAINT training_window_span ON ballast.training_window IS 'A span ends after it begins';

--# comment on CONSTRAINT transfer_amount_positive ON ballast.transfer
COMMENT ON CONSTRAINT transfer_amount_positive ON ballast.transfer IS 'The direction is said by debit and credit, never by a sign';

--# comment on CONSTRAINT transfer_between_two ON ballast.transfer
COMMENT ON CONSTRAINT transfer_between_two ON ballast.transfer IS 'Double entry moves between two accounts';

--# comment on CONSTRAINT transfer_credit_sequence_once ON ballast.transfer
COMMENT ON CONSTRAINT transfer_credit_sequence_once ON ballast.transfer IS 'A ledger account counts its transfers; no credit stands twice at one place';

--# comment on CONSTRAINT transfer_debit_sequence_once ON ballast.transfer
COMMENT ON CONSTRAINT transfer_debit_sequence_once ON ballast.transfer IS 'A ledger account counts its transfers; no debit stands twice at one place';

--# comment on CONSTRAINT transfer_finite ON ballast.transfer
COMMENT ON CONSTRAINT transfer_finite ON ballast.transfer IS 'NaN and Infinity are no balances';

--# comment on CONSTRAINT transfer_hash_form ON ballast.transfer
COMMENT ON CONSTRAINT transfer_hash_form ON ballast.transfer IS 'A hash is a SHA-256 in hex, 64 characters; rows from before the chain have none';

--# comment on CONSTRAINT transfer_number_once ON ballast.transfer
COMMENT ON CONSTRAINT transfer_number_once ON ballast.transfer IS 'One row a number, and its predecessor is the one before: a fork of the ledger cannot be stored';

--# comment on CONSTRAINT transfer_pkey ON ballast.transfer
COMMENT ON CONSTRAINT transfer_pkey ON ballast.transfer IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT universe_member_pkey ON ballast.universe_member
COMMENT ON CONSTRAINT universe_member_pkey ON ballast.universe_member IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT universe_member_place_once ON ballast.universe_member
COMMENT ON CONSTRAINT universe_member_place_once ON ballast.universe_member IS 'Slices are read by place: two symbols in one would mix their numbers';

--# comment on CONSTRAINT universe_version_pkey ON ballast.universe_version
COMMENT ON CONSTRAINT universe_version_pkey ON ballast.universe_version IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

--# comment on CONSTRAINT verdict_slice_columns ON ballast.verdict_slice
COMMENT ON CONSTRAINT verdict_slice_columns ON ballast.verdict_slice IS 'Every symbol of a slice has a value in every column';

--# comment on CONSTRAINT verdict_slice_pkey ON ballast.verdict_slice
COMMENT ON CONSTRAINT verdict_slice_pkey ON ballast.verdict_slice IS 'A row is told by its input and its place among that input''s rows, so none comes twice; a hypertable also demands the time by which it is cut';

--# comment on FUNCTION ballast.check_bars()
COMMENT ON FUNCTION ballast.check_bars() IS 'A run has one bar of every symbol for each close, later and later: bar_slice_symbols, _follows';

--# comment on FUNCTION ballast.check_environment()
COMMENT ON FUNCTION ballast.check_environment() IS 'A database that keeps paper accounts never takes a live run, and one that keeps live accounts no run on paper (SQLSTATE BL006). Backtests have accounts of their own and may be anywhere';

--# comment on FUNCTION ballast.check_features()
COMMENT ON FUNCTION ballast.check_features() IS 'Features come after their bar, once, in columns that the run has named: feature_slice_schema_known, _follows_bar, _columns, _follows';

--# comment on FUNCTION ballast.check_fills()
COMMENT ON FUNCTION ballast.check_fills() IS 'A fill is of an order that was recorded before it: fill_follows_order';

--# comment on FUNCTION ballast.check_frames()
COMMENT ON FUNCTION ballast.check_frames() IS 'A frame continues the stream: leader, place, root, run, checksum';

--# comment on FUNCTION ballast.check_gaps()
COMMENT ON FUNCTION ballast.check_gaps() IS 'A closing names a gap that was opened before it, of the same stream, symbol, kind and beginning: ingestion_gap_closes_an_open_one. Two unique indexes let a gap open once and close once; when it comes back it has another number';

--# comment on FUNCTION ballast.check_leader(text,bigint)
COMMENT ON FUNCTION ballast.check_leader(text,bigint) IS 'Only the newest epoch writes; a deposed leader is refused in its own transaction';

--# comment on FUNCTION ballast.check_lease()
COMMENT ON FUNCTION ballast.check_lease() IS 'Epochs are opened one by one';

--# comment on FUNCTION ballast.check_lots()
COMMENT ON FUNCTION ballast.check_lots() IS 'What is taken from a lot leaves what remained before, less it';

--# comment on FUNCTION ballast.check_manifests()
COMMENT ON FUNCTION ballast.check_manifests() IS 'A manifest is of the stored run and its last frame, names the newest manifest before it, and has the hash of what it says';

--# comment on FUNCTION ballast.check_order_amendments()
COMMENT ON FUNCTION ballast.check_order_amendments() IS 'What rests is changed as it was approved, is worth no more than before, and may be sent: order_amendment_of_a_resting_order, _notional_not_raised, _as_approved, _state_allows, _epoch_leads';

--# comment on FUNCTION ballast.check_order_requests()
COMMENT ON FUNCTION ballast.check_order_requests() IS 'An order was approved, is funded from what was free, and may be sent: order_request_has_verdict, _as_approved, _funds_held, _state_allows, _epoch_leads';

--# comment on FUNCTION ballast.check_prediction_causes()
COMMENT ON FUNCTION ballast.check_prediction_causes() IS 'A prediction is made of features on record, of its own model''s catalogue and of every symbol: prediction_slice_follows_features, _schema_shared, _symbols';

--# comment on FUNCTION ballast.check_predictions()
COMMENT ON FUNCTION ballast.check_predictions() IS 'A model speaks only where it was activated, says what it had seen, and says all or nothing of its further answers, in odds that can be: prediction_slice_model_known, _model_activated, _sample_told, _heads_whole, _heads_odds';

--# comment on FUNCTION ballast.check_regimes()
COMMENT ON FUNCTION ballast.check_regimes() IS 'A regime is told from features on record, by cuts that the run states, of every symbol: regime_slice_follows_features, _cuts_known, _symbols';

--# comment on FUNCTION ballast.check_removed()
COMMENT ON FUNCTION ballast.check_removed() IS 'Refuses the removal of a frame that no tombstone of the same transaction stands for';

--# comment on FUNCTION ballast.check_risk_profiles()
COMMENT ON FUNCTION ballast.check_risk_profiles() IS 'Limits of a run change only with a change that came into force with the same input: risk_profile_of_change';

--# comment on FUNCTION ballast.check_run_ends()
COMMENT ON FUNCTION ballast.check_run_ends() IS 'Only the leader ends a run';

--# comment on FUNCTION ballast.check_runs()
COMMENT ON FUNCTION ballast.check_runs() IS 'A run begins at the head, with its root as genesis';

--# comment on FUNCTION ballast.check_trades()
COMMENT ON FUNCTION ballast.check_trades() IS 'A closed trade is of a fill, or of a trade that no order explains: trade_closed_follows_fill';

--# comment on FUNCTION ballast.check_transfers()
COMMENT ON FUNCTION ballast.check_transfers() IS 'Transfers go on where the last one stood: number, link, hash, sequences and balances';

--# comment on FUNCTION ballast.check_verdicts()
COMMENT ON FUNCTION ballast.check_verdicts() IS 'An entry keeps the limits that its run stated: risk_verdict_limits_known, _tier_of_drawdown, _caps_of_tier, _edge_margin_of_limits, _halt_reviewed';

--# comment on FUNCTION ballast.check_watermarks()
COMMENT ON FUNCTION ballast.check_watermarks() IS 'Within a run no stream''s watermark, newest instant or newest trade id moves back: ingestion_watermark_rises';

--# comment on FUNCTION ballast.guard_grants()
COMMENT ON FUNCTION ballast.guard_grants() IS 'Refuses a GRANT or REVOKE that leaves more or less on ours than migrations grant';

--# comment on FUNCTION ballast.guard_guards()
COMMENT ON FUNCTION ballast.guard_guards() IS 'Refuses every change of our functions, so that the other guard cannot be replaced';

--# comment on FUNCTION ballast.guard_schema()
COMMENT ON FUNCTION ballast.guard_schema() IS 'Refuses every change of the schema outside of a migration';

--# comment on FUNCTION ballast.lock_stream(text)
COMMENT ON FUNCTION ballast.lock_stream(text) IS 'One writer of a stream at a time, until its commit';

--# comment on FUNCTION ballast.newest_at()
COMMENT ON FUNCTION ballast.newest_at() IS 'How far the journals of this database have come, in nanoseconds, to the hour: by it the age of a chunk is judged';

--# comment on FUNCTION ballast.rebuildable_series()
COMMENT ON FUNCTION ballast.rebuildable_series() IS 'The tables that the journal can make again: only these may lie in chunks, and only of these may a sealed range be removed';

--# comment on FUNCTION ballast.refuse_change()
COMMENT ON FUNCTION ballast.refuse_change() IS 'Append-only: refuses UPDATE, DELETE and TRUNCATE, whoever asks';

--# comment on FUNCTION ballast.refuse_removal()
COMMENT ON FUNCTION ballast.refuse_removal() IS 'Refuses every change of frames but a removal by the owner in the transaction that inserts a tombstone';

--# comment on FUNCTION ballast.seal_frames()
COMMENT ON FUNCTION ballast.seal_frames() IS 'Removes the frames that a tombstone stands for, once it follows the one before and tells of exactly what is there';

--# comment on TABLE ballast.activation
COMMENT ON TABLE ballast.activation IS 'Who let the model of a run speak, how far and why. A backtest needs none: it trades nothing';

--# comment on TABLE ballast.bar_slice
COMMENT ON TABLE ballast.bar_slice IS 'The closed bar of every symbol: open, high, low, close, volume, count; NaN where nothing traded. History that only warms up has no row';

--# comment on TABLE ballast.cluster_hour
COMMENT ON TABLE ballast.cluster_hour IS 'The exposure of each cluster when an hour was full; version names the map from symbols to clusters';

--# comment on TABLE ballast.cluster_map
COMMENT ON TABLE ballast.cluster_map IS 'Which symbols are one risk from this input on, until valid_until at the latest; clusters is JSON of name and members, unknown of symbols that count in each';

--# comment on TABLE ballast.currency_hour
COMMENT ON TABLE ballast.currency_hour IS 'What an account has in another currency than its reporting one at a full hour; worth, paid_in and gain are in reporting currency';

--# comment on TABLE ballast.dataset
COMMENT ON TABLE ballast.dataset IS 'What a run read (feed, warm_up) and what its model was trained on: a file, or a market made from a seed with the symbols of the run''s universe. rows, last_ts and gaps are empty where there is no end, or the loader cannot tell; gaps counts absent candles, or places where trade ids jump';

--# comment on TABLE ballast.feature_schema
COMMENT ON TABLE ballast.feature_schema IS 'The names of a run''s feature columns, in their order, and the hash of the catalogue that says how each is computed';

--# comment on TABLE ballast.feature_slice
COMMENT ON TABLE ballast.feature_slice IS 'The features of every symbol at a bar''s close, in the columns that feature_schema names; NaN where windows are not full. History that only warms up has no row';

--# comment on TABLE ballast.fill
COMMENT ON TABLE ballast.fill IS 'Fills of known orders, each once';

--# comment on TABLE ballast.ingestion_gap
COMMENT ON TABLE ballast.ingestion_gap IS 'Every hole that was seen in the data, in two rows: one when it opens (ends is empty), one when it closes, which names the opening by its number. place is the symbol''s in the universe, -1 the whole run. A gap that comes back within the hour in which it was told is held open until the full hour; times says how often it came. missing_bar: nothing was traded, or nothing was seen of it';

--# comment on TABLE ballast.ingestion_watermark
COMMENT ON TABLE ballast.ingestion_watermark IS 'How far a stream had come at a full hour, by symbol in the order of the universe: the instant of the newest slice that told it (a candle''s open; 0 none yet), how many did since the watermark before, and the newest trade id where trades have one. resumed: told at a run''s start, of what the account had before it';

--# comment on TABLE ballast.instrument
COMMENT ON TABLE ballast.instrument IS 'The rules of the venue by which a run decides, as they were on its first day';

--# comment on TABLE ballast.journal_frame
COMMENT ON TABLE ballast.journal_frame IS 'Journalled inputs, up to about a thousand a row';

--# comment on TABLE ballast.journal_sealed
COMMENT ON TABLE ballast.journal_sealed IS 'Tombstones: runs whose frames were exported, verified and removed. begun is the run''s first input as it was journalled, export_sha256 is of the export''s manifest, the signature is over all other fields';

--# comment on TABLE ballast.lease
COMMENT ON TABLE ballast.lease IS 'Leadership: the row with the greatest epoch leads';

--# comment on TABLE ballast.ledger_entry
COMMENT ON TABLE ballast.ledger_entry IS 'Entries of the venue''s ledger that are no trades, and corrections, as they were booked';

--# comment on TABLE ballast.lot
COMMENT ON TABLE ballast.lot IS 'Lots as they opened: what one booking brought in, with its whole cost';

--# comment on TABLE ballast.lot_consumed
COMMENT ON TABLE ballast.lot_consumed IS 'What left each lot, why, and what it realised; a sale''s shares add up to the sale';

--# comment on TABLE ballast.migration
COMMENT ON TABLE ballast.migration IS 'What made this schema: each file once, and by which version';

--# comment on TABLE ballast.model_version
COMMENT ON TABLE ballast.model_version IS 'The model of a run. What lies before trained_until, and within the embargo after it, is in sample';

--# comment on TABLE ballast.operator_action
COMMENT ON TABLE ballast.operator_action IS 'What a person (or a watchdog) did to the run. What was before stands in trading_state; hole says that market data was let go meanwhile';

--# comment on TABLE ballast.order_amendment
COMMENT ON TABLE ballast.order_amendment IS 'Changes of resting orders as they go to the venue, each once; quantity is the whole order, of which filled was filled when it was decided';

--# comment on TABLE ballast.order_event
COMMENT ON TABLE ballast.order_event IS 'Every move of every order';

--# comment on TABLE ballast.order_request
COMMENT ON TABLE ballast.order_request IS 'Orders as they go to the venue, each once';

--# comment on TABLE ballast.portfolio_hour
COMMENT ON TABLE ballast.portfolio_hour IS 'The portfolio at a full hour, in its reporting currency';

--# comment on TABLE ballast.position_hour
COMMENT ON TABLE ballast.position_hour IS 'Every held symbol at a full hour';

--# comment on TABLE ballast.prediction_slice
COMMENT ON TABLE ballast.prediction_slice IS 'What a model said of every symbol, in symbol order and millionths; -2147483648 where it may not speak. What its bundle does not answer at all is NULL. Slices without a model, and those that only warm up, have no row';

--# comment on TABLE ballast.profile
COMMENT ON TABLE ballast.profile IS 'The strategy and the risk profile of a run, as canonical JSON';

--# comment on TABLE ballast.profile_assignment
COMMENT ON TABLE ballast.profile_assignment IS 'Which profile a run decides by, from this input on until the next one of its kind';

--# comment on TABLE ballast.profile_change
COMMENT ON TABLE ballast.profile_change IS 'What became of every change of the profiles, with who asked for it and why; changes is JSON of field, before, after';

--# comment on TABLE ballast.refusal
COMMENT ON TABLE ballast.refusal IS 'Intents that a gate refused, with what it saw and what it demanded';

--# comment on TABLE ballast.regime_cut
COMMENT ON TABLE ballast.regime_cut IS 'The cuts by which the bundle of a run tells regimes, in millionths; share_below is the quantile of the fitted data';

--# comment on TABLE ballast.regime_slice
COMMENT ON TABLE ballast.regime_slice IS 'The regime of every symbol, in symbol order: 0 range, 1 trend, 2 high volatility, 3 stress, -2147483648 where a feature is not known. Runs without a model have none';

--# comment on TABLE ballast.replay_manifest
COMMENT ON TABLE ballast.replay_manifest IS 'What a cleanly ended run came to, written with its end: root, rows and hash of every table, and what decided; parent_hash is the manifest before it, empty for an account''s first';

--# comment on TABLE ballast.risk_hour
COMMENT ON TABLE ballast.risk_hour IS 'What risk stood at when an hour was full: its state, the limits in force and the exposure at its worst; ratios in millionths';

--# comment on TABLE ballast.risk_profile
COMMENT ON TABLE ballast.risk_profile IS 'The limits by which a run decides, in millionths, stated at its start and when they change';

--# comment on TABLE ballast.risk_verdict
COMMENT ON TABLE ballast.risk_verdict IS 'Intents that risk approved, with what it saw; `refusal` has the others';

--# comment on TABLE ballast.row_refused
COMMENT ON TABLE ballast.row_refused IS 'Rows that a constraint refused and that are missing from their table';

--# comment on TABLE ballast.run
COMMENT ON TABLE ballast.run IS 'Segments of the stream; a run ends where the next one begins';

--# comment on TABLE ballast.run_context
COMMENT ON TABLE ballast.run_context IS 'What a run was made of: everything that decides, stated at its start';

--# comment on TABLE ballast.run_end
COMMENT ON TABLE ballast.run_end IS 'Runs that were closed cleanly';

--# comment on TABLE ballast.snapshot
COMMENT ON TABLE ballast.snapshot IS 'States to recover from; rebuildable from the frames';

--# comment on TABLE ballast.storage_world
COMMENT ON TABLE ballast.storage_world IS 'What a start or a migration found of TimescaleDB when it differed from the time before. For people: nothing decides by it';

--# comment on TABLE ballast.trade_closed
COMMENT ON TABLE ballast.trade_closed IS 'Sales that consumed lots; realised is net of both fees';

--# comment on TABLE ballast.trade_unexplained
COMMENT ON TABLE ballast.trade_unexplained IS 'Trades that no order of ours explains, as reported';

--# comment on TABLE ballast.trading_state
COMMENT ON TABLE ballast.trading_state IS 'Every change of what may be sent';

--# comment on TABLE ballast.training_fold
COMMENT ON TABLE ballast.training_fold IS 'A walk-forward fold behind the gate''s verdict; spans end before their end, losses and accuracy are millionths of its test';

--# comment on TABLE ballast.training_window
COMMENT ON TABLE ballast.training_window IS 'The spans of data on which the model of a run was fitted, calibrated and tested; the end is not part of it';

--# comment on TABLE ballast.transfer
COMMENT ON TABLE ballast.transfer IS 'Double entry: one row moves an amount from debit to credit';

--# comment on TABLE ballast.universe_member
COMMENT ON TABLE ballast.universe_member IS 'The symbols of a universe; place is the index that every slice of the run uses, from 0';

--# comment on TABLE ballast.universe_version
COMMENT ON TABLE ballast.universe_version IS 'The list of symbols that a run trades, named by its hash';

--# comment on TABLE ballast.verdict_slice
COMMENT ON TABLE ballast.verdict_slice IS 'What was decided for every symbol at one instant, in symbol order';

--# comment on VIEW ballast.balance
COMMENT ON VIEW ballast.balance IS 'Every ledger account: the balance carried to its newest posting, and the sum of all of them';

--# comment on VIEW ballast.bar
COMMENT ON VIEW ballast.bar IS 'The bars of each symbol, read from the slices; NaN where nothing traded';

--# comment on VIEW ballast.derived_row
COMMENT ON VIEW ballast.derived_row IS 'Every row that an input led to, whichever its table: whose it is, its place, and the SHA-256 of all that it holds';

--# comment on VIEW ballast.feature
COMMENT ON VIEW ballast.feature IS 'The features of each symbol by name, read from the slices; NaN where windows are not full';

--# comment on VIEW ballast.lot_open
COMMENT ON VIEW ballast.lot_open IS 'What is left of each lot; number is the order in which sales take them';

--# comment on VIEW ballast.open_gap
COMMENT ON VIEW ballast.open_gap IS 'Holes that are open now; one that came back within its hour stays here until the full hour';

--# comment on VIEW ballast.posting
COMMENT ON VIEW ballast.posting IS 'Each side of each transfer: what it changed, and the balance that the ledger carried after it';

--# comment on VIEW ballast.regime
COMMENT ON VIEW ballast.regime IS 'The regime of each symbol in a word; nothing where a feature that decides is not known';

--# comment on VIEW ballast.slice_number
COMMENT ON VIEW ballast.slice_number IS 'Each number of each slice, to the last bit; position counts from 0, symbol after symbol';

--# owner of FUNCTION ballast.check_bars()
ALTER FUNCTION ballast.check_bars() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.check_bars() FROM PUBLIC;

--# owner of FUNCTION ballast.check_environment()
ALTER FUNCTION ballast.check_environment() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.check_environment() FROM PUBLIC;

--# owner of FUNCTION ballast.check_features()
ALTER FUNCTION ballast.check_features() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.check_features() FROM PUBLIC;

--# owner of FUNCTION ballast.check_fills()
ALTER FUNCTION ballast.check_fills() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.check_fills() FROM PUBLIC;

--# owner of FUNCTION ballast.check_frames()
ALTER FUNCTION ballast.check_frames() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.check_frames() FROM PUBLIC;

--# owner of FUNCTION ballast.check_gaps()
ALTER FUNCTION ballast.check_gaps() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.check_gaps() FROM PUBLIC;

--# owner of FUNCTION ballast.check_leader(text,bigint)
ALTER FUNCTION ballast.check_leader(text,bigint) OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.check_leader(text,bigint) FROM PUBLIC;

--# owner of FUNCTION ballast.check_lease()
ALTER FUNCTION ballast.check_lease() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.check_lease() FROM PUBLIC;

--# owner of FUNCTION ballast.check_lots()
ALTER FUNCTION ballast.check_lots() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.check_lots() FROM PUBLIC;

--# owner of FUNCTION ballast.check_manifests()
ALTER FUNCTION ballast.check_manifests() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.check_manifests() FROM PUBLIC;

--# owner of FUNCTION ballast.check_order_amendments()
ALTER FUNCTION ballast.check_order_amendments() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.check_order_amendments() FROM PUBLIC;

--# owner of FUNCTION ballast.check_order_requests()
ALTER FUNCTION ballast.check_order_requests() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.check_order_requests() FROM PUBLIC;

--# owner of FUNCTION ballast.check_prediction_causes()
ALTER FUNCTION ballast.check_prediction_causes() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.check_prediction_causes() FROM PUBLIC;

--# owner of FUNCTION ballast.check_predictions()
ALTER FUNCTION ballast.check_predictions() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.check_predictions() FROM PUBLIC;

--# owner of FUNCTION ballast.check_regimes()
ALTER FUNCTION ballast.check_regimes() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.check_regimes() FROM PUBLIC;

--# owner of FUNCTION ballast.check_removed()
ALTER FUNCTION ballast.check_removed() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.check_removed() FROM PUBLIC;

--# owner of FUNCTION ballast.check_risk_profiles()
ALTER FUNCTION ballast.check_risk_profiles() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.check_risk_profiles() FROM PUBLIC;

--# owner of FUNCTION ballast.check_run_ends()
ALTER FUNCTION ballast.check_run_ends() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.check_run_ends() FROM PUBLIC;

--# owner of FUNCTION ballast.check_runs()
ALTER FUNCTION ballast.check_runs() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.check_runs() FROM PUBLIC;

--# owner of FUNCTION ballast.check_trades()
ALTER FUNCTION ballast.check_trades() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.check_trades() FROM PUBLIC;

--# owner of FUNCTION ballast.check_transfers()
ALTER FUNCTION ballast.check_transfers() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.check_transfers() FROM PUBLIC;

--# owner of FUNCTION ballast.check_verdicts()
ALTER FUNCTION ballast.check_verdicts() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.check_verdicts() FROM PUBLIC;

--# owner of FUNCTION ballast.check_watermarks()
ALTER FUNCTION ballast.check_watermarks() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.check_watermarks() FROM PUBLIC;

--# owner of FUNCTION ballast.guard_grants()
ALTER FUNCTION ballast.guard_grants() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.guard_grants() FROM PUBLIC;

--# owner of FUNCTION ballast.guard_guards()
ALTER FUNCTION ballast.guard_guards() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.guard_guards() FROM PUBLIC;

--# owner of FUNCTION ballast.guard_schema()
ALTER FUNCTION ballast.guard_schema() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.guard_schema() FROM PUBLIC;

--# owner of FUNCTION ballast.lock_stream(text)
ALTER FUNCTION ballast.lock_stream(text) OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.lock_stream(text) FROM PUBLIC;

--# owner of FUNCTION ballast.newest_at()
ALTER FUNCTION ballast.newest_at() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.newest_at() FROM PUBLIC;

--# owner of FUNCTION ballast.rebuildable_series()
ALTER FUNCTION ballast.rebuildable_series() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.rebuildable_series() FROM PUBLIC;

--# owner of FUNCTION ballast.refuse_change()
ALTER FUNCTION ballast.refuse_change() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.refuse_change() FROM PUBLIC;

--# owner of FUNCTION ballast.refuse_removal()
ALTER FUNCTION ballast.refuse_removal() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.refuse_removal() FROM PUBLIC;

--# owner of FUNCTION ballast.seal_frames()
ALTER FUNCTION ballast.seal_frames() OWNER TO ballast_owner;
REVOKE ALL ON FUNCTION ballast.seal_frames() FROM PUBLIC;

--# owner of TABLE ballast.activation
ALTER TABLE ballast.activation OWNER TO ballast_owner;

--# owner of TABLE ballast.balance
ALTER TABLE ballast.balance OWNER TO ballast_owner;

--# owner of TABLE ballast.bar
ALTER TABLE ballast.bar OWNER TO ballast_owner;

--# owner of TABLE ballast.bar_slice
ALTER TABLE ballast.bar_slice OWNER TO ballast_owner;

--# owner of TABLE ballast.cluster_hour
ALTER TABLE ballast.cluster_hour OWNER TO ballast_owner;

--# owner of TABLE ballast.cluster_map
ALTER TABLE ballast.cluster_map OWNER TO ballast_owner;

--# owner of TABLE ballast.currency_hour
ALTER TABLE ballast.currency_hour OWNER TO ballast_owner;

--# owner of TABLE ballast.dataset
ALTER TABLE ballast.dataset OWNER TO ballast_owner;

--# owner of TABLE ballast.derived_row
ALTER TABLE ballast.derived_row OWNER TO ballast_owner;

--# owner of TABLE ballast.feature
ALTER TABLE ballast.feature OWNER TO ballast_owner;

--# owner of TABLE ballast.feature_schema
ALTER TABLE ballast.feature_schema OWNER TO ballast_owner;

--# owner of TABLE ballast.feature_slice
ALTER TABLE ballast.feature_slice OWNER TO ballast_owner;

--# owner of TABLE ballast.fill
ALTER TABLE ballast.fill OWNER TO ballast_owner;

--# owner of TABLE ballast.ingestion_gap
ALTER TABLE ballast.ingestion_gap OWNER TO ballast_owner;

--# owner of TABLE ballast.ingestion_watermark
ALTER TABLE ballast.ingestion_watermark OWNER TO ballast_owner;

--# owner of TABLE ballast.instrument
ALTER TABLE ballast.instrument OWNER TO ballast_owner;

--# owner of TABLE ballast.journal_frame
ALTER TABLE ballast.journal_frame OWNER TO ballast_owner;

--# owner of TABLE ballast.journal_sealed
ALTER TABLE ballast.journal_sealed OWNER TO ballast_owner;

--# owner of TABLE ballast.lease
ALTER TABLE ballast.lease OWNER TO ballast_owner;

--# owner of TABLE ballast.ledger_entry
ALTER TABLE ballast.ledger_entry OWNER TO ballast_owner;

--# owner of TABLE ballast.lot
ALTER TABLE ballast.lot OWNER TO ballast_owner;

--# owner of TABLE ballast.lot_consumed
ALTER TABLE ballast.lot_consumed OWNER TO ballast_owner;

--# owner of TABLE ballast.lot_open
ALTER TABLE ballast.lot_open OWNER TO ballast_owner;

--# owner of TABLE ballast.migration
ALTER TABLE ballast.migration OWNER TO ballast_owner;

--# owner of TABLE ballast.model_version
ALTER TABLE ballast.model_version OWNER TO ballast_owner;

--# owner of TABLE ballast.open_gap
ALTER TABLE ballast.open_gap OWNER TO ballast_owner;

--# owner of TABLE ballast.operator_action
ALTER TABLE ballast.operator_action OWNER TO ballast_owner;

--# owner of TABLE ballast.order_amendment
ALTER TABLE ballast.order_amendment OWNER TO ballast_owner;

--# owner of TABLE ballast.order_event
ALTER TABLE ballast.order_event OWNER TO ballast_owner;

--# owner of TABLE ballast.order_request
ALTER TABLE ballast.order_request OWNER TO ballast_owner;

--# owner of TABLE ballast.portfolio_hour
ALTER TABLE ballast.portfolio_hour OWNER TO ballast_owner;

--# owner of TABLE ballast.position_hour
ALTER TABLE ballast.position_hour OWNER TO ballast_owner;

--# owner of TABLE ballast.posting
ALTER TABLE ballast.posting OWNER TO ballast_owner;

--# owner of TABLE ballast.prediction_slice
ALTER TABLE ballast.prediction_slice OWNER TO ballast_owner;

--# owner of TABLE ballast.profile
ALTER TABLE ballast.profile OWNER TO ballast_owner;

--# owner of TABLE ballast.profile_assignment
ALTER TABLE ballast.profile_assignment OWNER TO ballast_owner;

--# owner of TABLE ballast.profile_change
ALTER TABLE ballast.profile_change OWNER TO ballast_owner;

--# owner of TABLE ballast.refusal
ALTER TABLE ballast.refusal OWNER TO ballast_owner;

--# owner of TABLE ballast.regime
ALTER TABLE ballast.regime OWNER TO ballast_owner;

--# owner of TABLE ballast.regime_cut
ALTER TABLE ballast.regime_cut OWNER TO ballast_owner;

--# owner of TABLE ballast.regime_slice
ALTER TABLE ballast.regime_slice OWNER TO ballast_owner;

--# owner of TABLE ballast.replay_manifest
ALTER TABLE ballast.replay_manifest OWNER TO ballast_owner;

--# owner of TABLE ballast.risk_hour
ALTER TABLE ballast.risk_hour OWNER TO ballast_owner;

--# owner of TABLE ballast.risk_profile
ALTER TABLE ballast.risk_profile OWNER TO ballast_owner;

--# owner of TABLE ballast.risk_verdict
ALTER TABLE ballast.risk_verdict OWNER TO ballast_owner;

--# owner of TABLE ballast.row_refused
ALTER TABLE ballast.row_refused OWNER TO ballast_owner;

--# owner of TABLE ballast.run
ALTER TABLE ballast.run OWNER TO ballast_owner;

--# owner of TABLE ballast.run_context
ALTER TABLE ballast.run_context OWNER TO ballast_owner;

--# owner of TABLE ballast.run_end
ALTER TABLE ballast.run_end OWNER TO ballast_owner;

--# owner of TABLE ballast.slice_number
ALTER TABLE ballast.slice_number OWNER TO ballast_owner;

--# owner of TABLE ballast.snapshot
ALTER TABLE ballast.snapshot OWNER TO ballast_owner;

--# owner of TABLE ballast.storage_world
ALTER TABLE ballast.storage_world OWNER TO ballast_owner;

--# owner of TABLE ballast.trade_closed
ALTER TABLE ballast.trade_closed OWNER TO ballast_owner;

--# owner of TABLE ballast.trade_unexplained
ALTER TABLE ballast.trade_unexplained OWNER TO ballast_owner;

--# owner of TABLE ballast.trading_state
ALTER TABLE ballast.trading_state OWNER TO ballast_owner;

--# owner of TABLE ballast.training_fold
ALTER TABLE ballast.training_fold OWNER TO ballast_owner;

--# owner of TABLE ballast.training_window
ALTER TABLE ballast.training_window OWNER TO ballast_owner;

--# owner of TABLE ballast.transfer
ALTER TABLE ballast.transfer OWNER TO ballast_owner;

--# owner of TABLE ballast.universe_member
ALTER TABLE ballast.universe_member OWNER TO ballast_owner;

--# owner of TABLE ballast.universe_version
ALTER TABLE ballast.universe_version OWNER TO ballast_owner;

--# owner of TABLE ballast.verdict_slice
ALTER TABLE ballast.verdict_slice OWNER TO ballast_owner;

--# grant EXECUTE ON FUNCTION ballast.check_leader(text,bigint) TO ballast_writer
GRANT EXECUTE ON FUNCTION ballast.check_leader(text,bigint) TO ballast_writer;

--# grant EXECUTE ON FUNCTION ballast.lock_stream(text) TO ballast_writer
GRANT EXECUTE ON FUNCTION ballast.lock_stream(text) TO ballast_writer;

--# grant INSERT ON TABLE ballast.activation TO ballast_writer
GRANT INSERT ON TABLE ballast.activation TO ballast_writer;

--# grant INSERT ON TABLE ballast.bar_slice TO ballast_writer
GRANT INSERT ON TABLE ballast.bar_slice TO ballast_writer;

--# grant INSERT ON TABLE ballast.cluster_hour TO ballast_writer
GRANT INSERT ON TABLE ballast.cluster_hour TO ballast_writer;

--# grant INSERT ON TABLE ballast.cluster_map TO ballast_writer
GRANT INSERT ON TABLE ballast.cluster_map TO ballast_writer;

--# grant INSERT ON TABLE ballast.currency_hour TO ballast_writer
GRANT INSERT ON TABLE ballast.currency_hour TO ballast_writer;

--# grant INSERT ON TABLE ballast.dataset TO ballast_writer
GRANT INSERT ON TABLE ballast.dataset TO ballast_writer;

--# grant INSERT ON TABLE ballast.feature_schema TO ballast_writer
GRANT INSERT ON TABLE ballast.feature_schema TO ballast_writer;

--# grant INSERT ON TABLE ballast.feature_slice TO ballast_writer
GRANT INSERT ON TABLE ballast.feature_slice TO ballast_writer;

--# grant INSERT ON TABLE ballast.fill TO ballast_writer
GRANT INSERT ON TABLE ballast.fill TO ballast_writer;

--# grant INSERT ON TABLE ballast.ingestion_gap TO ballast_writer
GRANT INSERT ON TABLE ballast.ingestion_gap TO ballast_writer;

--# grant INSERT ON TABLE ballast.ingestion_watermark TO ballast_writer
GRANT INSERT ON TABLE ballast.ingestion_watermark TO ballast_writer;

--# grant INSERT ON TABLE ballast.instrument TO ballast_writer
GRANT INSERT ON TABLE ballast.instrument TO ballast_writer;

--# grant INSERT ON TABLE ballast.journal_frame TO ballast_writer
GRANT INSERT ON TABLE ballast.journal_frame TO ballast_writer;

--# grant INSERT ON TABLE ballast.lease TO ballast_writer
GRANT INSERT ON TABLE ballast.lease TO ballast_writer;

--# grant INSERT ON TABLE ballast.ledger_entry TO ballast_writer
GRANT INSERT ON TABLE ballast.ledger_entry TO ballast_writer;

--# grant INSERT ON TABLE ballast.lot TO ballast_writer
GRANT INSERT ON TABLE ballast.lot TO ballast_writer;

--# grant INSERT ON TABLE ballast.lot_consumed TO ballast_writer
GRANT INSERT ON TABLE ballast.lot_consumed TO ballast_writer;

--# grant INSERT ON TABLE ballast.model_version TO ballast_writer
GRANT INSERT ON TABLE ballast.model_version TO ballast_writer;

--# grant INSERT ON TABLE ballast.operator_action TO ballast_writer
GRANT INSERT ON TABLE ballast.operator_action TO ballast_writer;

--# grant INSERT ON TABLE ballast.order_amendment TO ballast_writer
GRANT INSERT ON TABLE ballast.order_amendment TO ballast_writer;

--# grant INSERT ON TABLE ballast.order_event TO ballast_writer
GRANT INSERT ON TABLE ballast.order_event TO ballast_writer;

--# grant INSERT ON TABLE ballast.order_request TO ballast_writer
GRANT INSERT ON TABLE ballast.order_request TO ballast_writer;

--# grant INSERT ON TABLE ballast.portfolio_hour TO ballast_writer
GRANT INSERT ON TABLE ballast.portfolio_hour TO ballast_writer;

--# grant INSERT ON TABLE ballast.position_hour TO ballast_writer
GRANT INSERT ON TABLE ballast.position_hour TO ballast_writer;

--# grant INSERT ON TABLE ballast.prediction_slice TO ballast_writer
GRANT INSERT ON TABLE ballast.prediction_slice TO ballast_writer;

--# grant INSERT ON TABLE ballast.profile TO ballast_writer
GRANT INSERT ON TABLE ballast.profile TO ballast_writer;

--# grant INSERT ON TABLE ballast.profile_assignment TO ballast_writer
GRANT INSERT ON TABLE ballast.profile_assignment TO ballast_writer;

--# grant INSERT ON TABLE ballast.profile_change TO ballast_writer
GRANT INSERT ON TABLE ballast.profile_change TO ballast_writer;

--# grant INSERT ON TABLE ballast.refusal TO ballast_writer
GRANT INSERT ON TABLE ballast.refusal TO ballast_writer;

--# grant INSERT ON TABLE ballast.regime_cut TO ballast_writer
GRANT INSERT ON TABLE ballast.regime_cut TO ballast_writer;

--# grant INSERT ON TABLE ballast.regime_slice TO ballast_writer
GRANT INSERT ON TABLE ballast.regime_slice TO ballast_writer;

--# grant INSERT ON TABLE ballast.replay_manifest TO ballast_writer
GRANT INSERT ON TABLE ballast.replay_manifest TO ballast_writer;

--# grant INSERT ON TABLE ballast.risk_hour TO ballast_writer
GRANT INSERT ON TABLE ballast.risk_hour TO ballast_writer;

--# grant INSERT ON TABLE ballast.risk_profile TO ballast_writer
GRANT INSERT ON TABLE ballast.risk_profile TO ballast_writer;

--# grant INSERT ON TABLE ballast.risk_verdict TO ballast_writer
GRANT INSERT ON TABLE ballast.risk_verdict TO ballast_writer;

--# grant INSERT ON TABLE ballast.row_refused TO ballast_writer
GRANT INSERT ON TABLE ballast.row_refused TO ballast_writer;

--# grant INSERT ON TABLE ballast.run TO ballast_writer
GRANT INSERT ON TABLE ballast.run TO ballast_writer;

--# grant INSERT ON TABLE ballast.run_context TO ballast_writer
GRANT INSERT ON TABLE ballast.run_context TO ballast_writer;

--# grant INSERT ON TABLE ballast.run_end TO ballast_writer
GRANT INSERT ON TABLE ballast.run_end TO ballast_writer;

--# grant INSERT ON TABLE ballast.snapshot TO ballast_writer
GRANT INSERT ON TABLE ballast.snapshot TO ballast_writer;

--# grant INSERT ON TABLE ballast.storage_world TO ballast_writer
GRANT INSERT ON TABLE ballast.storage_world TO ballast_writer;

--# grant INSERT ON TABLE ballast.trade_closed TO ballast_writer
GRANT INSERT ON TABLE ballast.trade_closed TO ballast_writer;

--# grant INSERT ON TABLE ballast.trade_unexplained TO ballast_writer
GRANT INSERT ON TABLE ballast.trade_unexplained TO ballast_writer;

--# grant INSERT ON TABLE ballast.trading_state TO ballast_writer
GRANT INSERT ON TABLE ballast.trading_state TO ballast_writer;

--# grant INSERT ON TABLE ballast.training_fold TO ballast_writer
GRANT INSERT ON TABLE ballast.training_fold TO ballast_writer;

--# grant INSERT ON TABLE ballast.training_window TO ballast_writer
GRANT INSERT ON TABLE ballast.training_window TO ballast_writer;

--# grant INSERT ON TABLE ballast.transfer TO ballast_writer
GRANT INSERT ON TABLE ballast.transfer TO ballast_writer;

--# grant INSERT ON TABLE ballast.universe_member TO ballast_writer
GRANT INSERT ON TABLE ballast.universe_member TO ballast_writer;

--# grant INSERT ON TABLE ballast.universe_version TO ballast_writer
GRANT INSERT ON TABLE ballast.universe_version TO ballast_writer;

--# grant INSERT ON TABLE ballast.verdict_slice TO ballast_writer
GRANT INSERT ON TABLE ballast.verdict_slice TO ballast_writer;

--# grant SELECT ON TABLE ballast.activation TO ballast_reader
GRANT SELECT ON TABLE ballast.activation TO ballast_reader;

--# grant SELECT ON TABLE ballast.activation TO ballast_writer
GRANT SELECT ON TABLE ballast.activation TO ballast_writer;

--# grant SELECT ON TABLE ballast.balance TO ballast_reader
GRANT SELECT ON TABLE ballast.balance TO ballast_reader;

--# grant SELECT ON TABLE ballast.balance TO ballast_writer
GRANT SELECT ON TABLE ballast.balance TO ballast_writer;

--# grant SELECT ON TABLE ballast.bar TO ballast_reader
GRANT SELECT ON TABLE ballast.bar TO ballast_reader;

--# grant SELECT ON TABLE ballast.bar TO ballast_writer
GRANT SELECT ON TABLE ballast.bar TO ballast_writer;

--# grant SELECT ON TABLE ballast.bar_slice TO ballast_reader
GRANT SELECT ON TABLE ballast.bar_slice TO ballast_reader;

--# grant SELECT ON TABLE ballast.bar_slice TO ballast_writer
GRANT SELECT ON TABLE ballast.bar_slice TO ballast_writer;

--# grant SELECT ON TABLE ballast.cluster_hour TO ballast_reader
GRANT SELECT ON TABLE ballast.cluster_hour TO ballast_reader;

--# grant SELECT ON TABLE ballast.cluster_hour TO ballast_writer
GRANT SELECT ON TABLE ballast.cluster_hour TO ballast_writer;

--# grant SELECT ON TABLE ballast.cluster_map TO ballast_reader
GRANT SELECT ON TABLE ballast.cluster_map TO ballast_reader;

--# grant SELECT ON TABLE ballast.cluster_map TO ballast_writer
GRANT SELECT ON TABLE ballast.cluster_map TO ballast_writer;

--# grant SELECT ON TABLE ballast.currency_hour TO ballast_reader
GRANT SELECT ON TABLE ballast.currency_hour TO ballast_reader;

--# grant SELECT ON TABLE ballast.currency_hour TO ballast_writer
GRANT SELECT ON TABLE ballast.currency_hour TO ballast_writer;

--# grant SELECT ON TABLE ballast.dataset TO ballast_reader
GRANT SELECT ON TABLE ballast.dataset TO ballast_reader;

--# grant SELECT ON TABLE ballast.dataset TO ballast_writer
GRANT SELECT ON TABLE ballast.dataset TO ballast_writer;

--# grant SELECT ON TABLE ballast.derived_row TO ballast_reader
GRANT SELECT ON TABLE ballast.derived_row TO ballast_reader;

--# grant SELECT ON TABLE ballast.derived_row TO ballast_writer
GRANT SELECT ON TABLE ballast.derived_row TO ballast_writer;

--# grant SELECT ON TABLE ballast.feature TO ballast_reader
GRANT SELECT ON TABLE ballast.feature TO ballast_reader;

--# grant SELECT ON TABLE ballast.feature TO ballast_writer
GRANT SELECT ON TABLE ballast.feature TO ballast_writer;

--# grant SELECT ON TABLE ballast.feature_schema TO ballast_reader
GRANT SELECT ON TABLE ballast.feature_schema TO ballast_reader;

--# grant SELECT ON TABLE ballast.feature_schema TO ballast_writer
GRANT SELECT ON TABLE ballast.feature_schema TO ballast_writer;

--# grant SELECT ON TABLE ballast.feature_slice TO ballast_reader
GRANT SELECT ON TABLE ballast.feature_slice TO ballast_reader;

--# grant SELECT ON TABLE ballast.feature_slice TO ballast_writer
GRANT SELECT ON TABLE ballast.feature_slice TO ballast_writer;

--# grant SELECT ON TABLE ballast.fill TO ballast_reader
GRANT SELECT ON TABLE ballast.fill TO ballast_reader;

--# grant SELECT ON TABLE ballast.fill TO ballast_writer
GRANT SELECT ON TABLE ballast.fill TO ballast_writer;

--# grant SELECT ON TABLE ballast.ingestion_gap TO ballast_reader
GRANT SELECT ON TABLE ballast.ingestion_gap TO ballast_reader;

--# grant SELECT ON TABLE ballast.ingestion_gap TO ballast_writer
GRANT SELECT ON TABLE ballast.ingestion_gap TO ballast_writer;

--# grant SELECT ON TABLE ballast.ingestion_watermark TO ballast_reader
GRANT SELECT ON TABLE ballast.ingestion_watermark TO ballast_reader;

--# grant SELECT ON TABLE ballast.ingestion_watermark TO ballast_writer
GRANT SELECT ON TABLE ballast.ingestion_watermark TO ballast_writer;

--# grant SELECT ON TABLE ballast.instrument TO ballast_reader
GRANT SELECT ON TABLE ballast.instrument TO ballast_reader;

--# grant SELECT ON TABLE ballast.instrument TO ballast_writer
GRANT SELECT ON TABLE ballast.instrument TO ballast_writer;

--# grant SELECT ON TABLE ballast.journal_frame TO ballast_reader
GRANT SELECT ON TABLE ballast.journal_frame TO ballast_reader;

--# grant SELECT ON TABLE ballast.journal_frame TO ballast_writer
GRANT SELECT ON TABLE ballast.journal_frame TO ballast_writer;

--# grant SELECT ON TABLE ballast.journal_sealed TO ballast_reader
GRANT SELECT ON TABLE ballast.journal_sealed TO ballast_reader;

--# grant SELECT ON TABLE ballast.journal_sealed TO ballast_writer
GRANT SELECT ON TABLE ballast.journal_sealed TO ballast_writer;

--# grant SELECT ON TABLE ballast.lease TO ballast_reader
GRANT SELECT ON TABLE ballast.lease TO ballast_reader;

--# grant SELECT ON TABLE ballast.lease TO ballast_writer
GRANT SELECT ON TABLE ballast.lease TO ballast_writer;

--# grant SELECT ON TABLE ballast.ledger_entry TO ballast_reader
GRANT SELECT ON TABLE ballast.ledger_entry TO ballast_reader;

--# grant SELECT ON TABLE ballast.ledger_entry TO ballast_writer
GRANT SELECT ON TABLE ballast.ledger_entry TO ballast_writer;

--# grant SELECT ON TABLE ballast.lot TO ballast_reader
GRANT SELECT ON TABLE ballast.lot TO ballast_reader;

--# grant SELECT ON TABLE ballast.lot TO ballast_writer
GRANT SELECT ON TABLE ballast.lot TO ballast_writer;

--# grant SELECT ON TABLE ballast.lot_consumed TO ballast_reader
GRANT SELECT ON TABLE ballast.lot_consumed TO ballast_reader;

--# grant SELECT ON TABLE ballast.lot_consumed TO ballast_writer
GRANT SELECT ON TABLE ballast.lot_consumed TO ballast_writer;

--# grant SELECT ON TABLE ballast.lot_open TO ballast_reader
GRANT SELECT ON TABLE ballast.lot_open TO ballast_reader;

--# grant SELECT ON TABLE ballast.lot_open TO ballast_writer
GRANT SELECT ON TABLE ballast.lot_open TO ballast_writer;

--# grant SELECT ON TABLE ballast.migration TO ballast_reader
GRANT SELECT ON TABLE ballast.migration TO ballast_reader;

--# grant SELECT ON TABLE ballast.migration TO ballast_writer
GRANT SELECT ON TABLE ballast.migration TO ballast_writer;

--# grant SELECT ON TABLE ballast.model_version TO ballast_reader
GRANT SELECT ON TABLE ballast.model_version TO ballast_reader;

--# grant SELECT ON TABLE ballast.model_version TO ballast_writer
GRANT SELECT ON TABLE ballast.model_version TO ballast_writer;

--# grant SELECT ON TABLE ballast.open_gap TO ballast_reader
GRANT SELECT ON TABLE ballast.open_gap TO ballast_reader;

--# grant SELECT ON TABLE ballast.open_gap TO ballast_writer
GRANT SELECT ON TABLE ballast.open_gap TO ballast_writer;

--# grant SELECT ON TABLE ballast.operator_action TO ballast_reader
GRANT SELECT ON TABLE ballast.operator_action TO ballast_reader;

--# grant SELECT ON TABLE ballast.operator_action TO ballast_writer
GRANT SELECT ON TABLE ballast.operator_action TO ballast_writer;

--# grant SELECT ON TABLE ballast.order_amendment TO ballast_reader
GRANT SELECT ON TABLE ballast.order_amendment TO ballast_reader;

--# grant SELECT ON TABLE ballast.order_amendment TO ballast_writer
GRANT SELECT ON TABLE ballast.order_amendment TO ballast_writer;

--# grant SELECT ON TABLE ballast.order_event TO ballast_reader
GRANT SELECT ON TABLE ballast.order_event TO ballast_reader;

--# grant SELECT ON TABLE ballast.order_event TO ballast_writer
GRANT SELECT ON TABLE ballast.order_event TO ballast_writer;

--# grant SELECT ON TABLE ballast.order_request TO ballast_reader
GRANT SELECT ON TABLE ballast.order_request TO ballast_reader;

--# grant SELECT ON TABLE ballast.order_request TO ballast_writer
GRANT SELECT ON TABLE ballast.order_request TO ballast_writer;

--# grant SELECT ON TABLE ballast.portfolio_hour TO ballast_reader
GRANT SELECT ON TABLE ballast.portfolio_hour TO ballast_reader;

--# grant SELECT ON TABLE ballast.portfolio_hour TO ballast_writer
GRANT SELECT ON TABLE ballast.portfolio_hour TO ballast_writer;

--# grant SELECT ON TABLE ballast.position_hour TO ballast_reader
GRANT SELECT ON TABLE ballast.position_hour TO ballast_reader;

--# grant SELECT ON TABLE ballast.position_hour TO ballast_writer
GRANT SELECT ON TABLE ballast.position_hour TO ballast_writer;

--# grant SELECT ON TABLE ballast.posting TO ballast_reader
GRANT SELECT ON TABLE ballast.posting TO ballast_reader;

--# grant SELECT ON TABLE ballast.posting TO ballast_writer
GRANT SELECT ON TABLE ballast.posting TO ballast_writer;

--# grant SELECT ON TABLE ballast.prediction_slice TO ballast_reader
GRANT SELECT ON TABLE ballast.prediction_slice TO ballast_reader;

--# grant SELECT ON TABLE ballast.prediction_slice TO ballast_writer
GRANT SELECT ON TABLE ballast.prediction_slice TO ballast_writer;

--# grant SELECT ON TABLE ballast.profile TO ballast_reader
GRANT SELECT ON TABLE ballast.profile TO ballast_reader;

--# grant SELECT ON TABLE ballast.profile TO ballast_writer
GRANT SELECT ON TABLE ballast.profile TO ballast_writer;

--# grant SELECT ON TABLE ballast.profile_assignment TO ballast_reader
GRANT SELECT ON TABLE ballast.profile_assignment TO ballast_reader;

--# grant SELECT ON TABLE ballast.profile_assignment TO ballast_writer
GRANT SELECT ON TABLE ballast.profile_assignment TO ballast_writer;

--# grant SELECT ON TABLE ballast.profile_change TO ballast_reader
GRANT SELECT ON TABLE ballast.profile_change TO ballast_reader;

--# grant SELECT ON TABLE ballast.profile_change TO ballast_writer
GRANT SELECT ON TABLE ballast.profile_change TO ballast_writer;

--# grant SELECT ON TABLE ballast.refusal TO ballast_reader
GRANT SELECT ON TABLE ballast.refusal TO ballast_reader;

--# grant SELECT ON TABLE ballast.refusal TO ballast_writer
GRANT SELECT ON TABLE ballast.refusal TO ballast_writer;

--# grant SELECT ON TABLE ballast.regime TO ballast_reader
GRANT SELECT ON TABLE ballast.regime TO ballast_reader;

--# grant SELECT ON TABLE ballast.regime TO ballast_writer
GRANT SELECT ON TABLE ballast.regime TO ballast_writer;

--# grant SELECT ON TABLE ballast.regime_cut TO ballast_reader
GRANT SELECT ON TABLE ballast.regime_cut TO ballast_reader;

--# grant SELECT ON TABLE ballast.regime_cut TO ballast_writer
GRANT SELECT ON TABLE ballast.regime_cut TO ballast_writer;

--# grant SELECT ON TABLE ballast.regime_slice TO ballast_reader
GRANT SELECT ON TABLE ballast.regime_slice TO ballast_reader;

--# grant SELECT ON TABLE ballast.regime_slice TO ballast_writer
GRANT SELECT ON TABLE ballast.regime_slice TO ballast_writer;

--# grant SELECT ON TABLE ballast.replay_manifest TO ballast_reader
GRANT SELECT ON TABLE ballast.replay_manifest TO ballast_reader;

--# grant SELECT ON TABLE ballast.replay_manifest TO ballast_writer
GRANT SELECT ON TABLE ballast.replay_manifest TO ballast_writer;

--# grant SELECT ON TABLE ballast.risk_hour TO ballast_reader
GRANT SELECT ON TABLE ballast.risk_hour TO ballast_reader;

--# grant SELECT ON TABLE ballast.risk_hour TO ballast_writer
GRANT SELECT ON TABLE ballast.risk_hour TO ballast_writer;

--# grant SELECT ON TABLE ballast.risk_profile TO ballast_reader
GRANT SELECT ON TABLE ballast.risk_profile TO ballast_reader;

--# grant SELECT ON TABLE ballast.risk_profile TO ballast_writer
GRANT SELECT ON TABLE ballast.risk_profile TO ballast_writer;

--# grant SELECT ON TABLE ballast.risk_verdict TO ballast_reader
GRANT SELECT ON TABLE ballast.risk_verdict TO ballast_reader;

--# grant SELECT ON TABLE ballast.risk_verdict TO ballast_writer
GRANT SELECT ON TABLE ballast.risk_verdict TO ballast_writer;

--# grant SELECT ON TABLE ballast.row_refused TO ballast_reader
GRANT SELECT ON TABLE ballast.row_refused TO ballast_reader;

--# grant SELECT ON TABLE ballast.row_refused TO ballast_writer
GRANT SELECT ON TABLE ballast.row_refused TO ballast_writer;

--# grant SELECT ON TABLE ballast.run TO ballast_reader
GRANT SELECT ON TABLE ballast.run TO ballast_reader;

--# grant SELECT ON TABLE ballast.run TO ballast_writer
GRANT SELECT ON TABLE ballast.run TO ballast_writer;

--# grant SELECT ON TABLE ballast.run_context TO ballast_reader
GRANT SELECT ON TABLE ballast.run_context TO ballast_reader;

--# grant SELECT ON TABLE ballast.run_context TO ballast_writer
GRANT SELECT ON TABLE ballast.run_context TO ballast_writer;

--# grant SELECT ON TABLE ballast.run_end TO ballast_reader
GRANT SELECT ON TABLE ballast.run_end TO ballast_reader;

--# grant SELECT ON TABLE ballast.run_end TO ballast_writer
GRANT SELECT ON TABLE ballast.run_end TO ballast_writer;

--# grant SELECT ON TABLE ballast.slice_number TO ballast_reader
GRANT SELECT ON TABLE ballast.slice_number TO ballast_reader;

--# grant SELECT ON TABLE ballast.slice_number TO ballast_writer
GRANT SELECT ON TABLE ballast.slice_number TO ballast_writer;

--# grant SELECT ON TABLE ballast.snapshot TO ballast_reader
GRANT SELECT ON TABLE ballast.snapshot TO ballast_reader;

--# grant SELECT ON TABLE ballast.snapshot TO ballast_writer
GRANT SELECT ON TABLE ballast.snapshot TO ballast_writer;

--# grant SELECT ON TABLE ballast.storage_world TO ballast_reader
GRANT SELECT ON TABLE ballast.storage_world TO ballast_reader;

--# grant SELECT ON TABLE ballast.storage_world TO ballast_writer
GRANT SELECT ON TABLE ballast.storage_world TO ballast_writer;

--# grant SELECT ON TABLE ballast.trade_closed TO ballast_reader
GRANT SELECT ON TABLE ballast.trade_closed TO ballast_reader;

--# grant SELECT ON TABLE ballast.trade_closed TO ballast_writer
GRANT SELECT ON TABLE ballast.trade_closed TO ballast_writer;

--# grant SELECT ON TABLE ballast.trade_unexplained TO ballast_reader
GRANT SELECT ON TABLE ballast.trade_unexplained TO ballast_reader;

--# grant SELECT ON TABLE ballast.trade_unexplained TO ballast_writer
GRANT SELECT ON TABLE ballast.trade_unexplained TO ballast_writer;

--# grant SELECT ON TABLE ballast.trading_state TO ballast_reader
GRANT SELECT ON TABLE ballast.trading_state TO ballast_reader;

--# grant SELECT ON TABLE ballast.trading_state TO ballast_writer
GRANT SELECT ON TABLE ballast.trading_state TO ballast_writer;

--# grant SELECT ON TABLE ballast.training_fold TO ballast_reader
GRANT SELECT ON TABLE ballast.training_fold TO ballast_reader;

--# grant SELECT ON TABLE ballast.training_fold TO ballast_writer
GRANT SELECT ON TABLE ballast.training_fold TO ballast_writer;

--# grant SELECT ON TABLE ballast.training_window TO ballast_reader
GRANT SELECT ON TABLE ballast.training_window TO ballast_reader;

--# grant SELECT ON TABLE ballast.training_window TO ballast_writer
GRANT SELECT ON TABLE ballast.training_window TO ballast_writer;

--# grant SELECT ON TABLE ballast.transfer TO ballast_reader
GRANT SELECT ON TABLE ballast.transfer TO ballast_reader;

--# grant SELECT ON TABLE ballast.transfer TO ballast_writer
GRANT SELECT ON TABLE ballast.transfer TO ballast_writer;

--# grant SELECT ON TABLE ballast.universe_member TO ballast_reader
GRANT SELECT ON TABLE ballast.universe_member TO ballast_reader;

--# grant SELECT ON TABLE ballast.universe_member TO ballast_writer
GRANT SELECT ON TABLE ballast.universe_member TO ballast_writer;

--# grant SELECT ON TABLE ballast.universe_version TO ballast_reader
GRANT SELECT ON TABLE ballast.universe_version TO ballast_reader;

--# grant SELECT ON TABLE ballast.universe_version TO ballast_writer
GRANT SELECT ON TABLE ballast.universe_version TO ballast_writer;

--# grant SELECT ON TABLE ballast.verdict_slice TO ballast_reader
GRANT SELECT ON TABLE ballast.verdict_slice TO ballast_reader;

--# grant SELECT ON TABLE ballast.verdict_slice TO ballast_writer
GRANT SELECT ON TABLE ballast.verdict_slice TO ballast_writer;

--# grant USAGE ON SCHEMA ballast TO ballast_reader
GRANT USAGE ON SCHEMA ballast TO ballast_reader;

--# grant USAGE ON SCHEMA ballast TO ballast_writer
GRANT USAGE ON SCHEMA ballast TO ballast_writer;

--# event trigger ballast_guard_change
CREATE EVENT TRIGGER ballast_guard_change ON ddl_command_end EXECUTE FUNCTION ballast.guard_schema();

--# event trigger ballast_guard_drop
CREATE EVENT TRIGGER ballast_guard_drop ON sql_drop EXECUTE FUNCTION ballast.guard_schema();

--# event trigger ballast_guard_grants
CREATE EVENT TRIGGER ballast_guard_grants ON ddl_command_end EXECUTE FUNCTION ballast.guard_grants();

--# event trigger ballast_guard_guards
CREATE EVENT TRIGGER ballast_guard_guards ON ddl_command_end EXECUTE FUNCTION ballast.guard_guards();

--# event trigger ballast_guard_itself
CREATE EVENT TRIGGER ballast_guard_itself ON ddl_command_start WHEN TAG IN ('DROP EXTENSION', 'DROP FUNCTION', 'DROP LANGUAGE', 'DROP OWNED', 'DROP ROUTINE', 'DROP SCHEMA') EXECUTE FUNCTION ballast.guard_schema();

--# firing of event trigger ballast_guard_change
ALTER EVENT TRIGGER ballast_guard_change ENABLE ALWAYS;

--# firing of event trigger ballast_guard_drop
ALTER EVENT TRIGGER ballast_guard_drop ENABLE ALWAYS;

--# firing of event trigger ballast_guard_grants
ALTER EVENT TRIGGER ballast_guard_grants ENABLE ALWAYS;

--# firing of event trigger ballast_guard_guards
ALTER EVENT TRIGGER ballast_guard_guards ENABLE ALWAYS;

--# firing of event trigger ballast_guard_itself
ALTER EVENT TRIGGER ballast_guard_itself ENABLE ALWAYS;
