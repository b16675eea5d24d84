-- Transfers are a chain: each carries the hash of the one before and its own, over a text that this
-- server makes again of the stored row. One statement trigger looks at all rows that were added:
-- numbers, links, hashes, and the sequence and balance of both ledger accounts. Its refusals carry a
-- name, as those of constraints do. Rows from before this file have no hash; a new row has one.

ALTER TABLE ballast.transfer
    ADD COLUMN previous text,
    ADD COLUMN hash text,
    ADD CONSTRAINT transfer_hash_form CHECK (
        (previous IS NULL) = (hash IS NULL) AND hash ~ '^[0-9a-f]{64}$'
        AND previous ~ '^([0-9a-f]{64})?$'
    ),
    ADD CONSTRAINT transfer_successor_once UNIQUE (account_id, previous),
    ADD CONSTRAINT transfer_debit_sequence_once UNIQUE (account_id, debit, debit_sequence),
    ADD CONSTRAINT transfer_credit_sequence_once UNIQUE (account_id, credit, credit_sequence);

-- Over rows that were refused, and stand in row_refused, neither links nor balances can be told;
-- their number can.
CREATE FUNCTION ballast.check_transfers() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    fault record;
BEGIN
    WITH placed AS (
        SELECT a.*,
            lag(a.seq) OVER stream AS seq_before,
            lag(a.ordinal) OVER stream AS ordinal_before,
            lag(a.transfer_no) OVER stream AS no_before,
            lag(a.hash) OVER stream AS hash_before
        FROM added a
        WINDOW stream AS (PARTITION BY a.account_id ORDER BY a.seq, a.ordinal)
    ), linked AS (
        SELECT p.account_id, p.seq, p.ordinal, p.transfer_no, p.previous, p.hash,
            coalesce(p.no_before, s.transfer_no, 0) AS no_before,
            coalesce(p.hash_before, s.hash, '') AS hash_before,
            coalesce(p.seq_before, s.seq, 0) AS seq_before,
            coalesce(p.ordinal_before, s.ordinal, 0) AS ordinal_before,
            encode(sha256(convert_to(concat_ws('|',
                p.transfer_no, p.amount, p.debit_balance, p.credit_balance, p.debit_sequence,
                p.credit_sequence, octet_length(p.debit), octet_length(p.credit),
                octet_length(p.asset), octet_length(p.source), octet_length(p.cause), p.previous,
                concat(p.debit, p.credit, p.asset, p.source, p.cause)
            ), 'UTF8')), 'hex') AS hash_due
        FROM placed p LEFT JOIN LATERAL (
            SELECT t.transfer_no, t.hash, t.seq, t.ordinal FROM ballast.transfer t
            WHERE p.no_before IS NULL AND t.account_id = p.account_id
                AND (t.seq, t.ordinal) < (p.seq, p.ordinal)
            ORDER BY t.seq DESC, t.ordinal DESC LIMIT 1
        ) s ON true
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
            lag(seq) OVER one_account AS seq_before,
            lag(ordinal) OVER one_account AS ordinal_before,
            lag(sequence) OVER one_account AS sequence_before,
            lag(balance) OVER one_account AS balance_before
        FROM sides s
        WINDOW one_account AS (PARTITION BY account_id, place ORDER BY seq, ordinal)
    ), followed AS (
        SELECT m.account_id, m.seq, m.ordinal, m.transfer_no, m.place, m.sequence, m.balance,
            m.change,
            coalesce(m.seq_before, b.seq, 0) AS seq_before,
            coalesce(m.ordinal_before, b.ordinal, 0) AS ordinal_before,
            coalesce(m.sequence_before, b.sequence, 0) AS sequence_before,
            coalesce(m.balance_before, b.balance, 0) AS balance_before
        FROM moved m LEFT JOIN LATERAL (
            SELECT * FROM (
                (
                    SELECT t.seq, t.ordinal, t.debit_sequence AS sequence,
                        t.debit_balance AS balance
                    FROM ballast.transfer t
                    WHERE m.seq_before IS NULL AND t.account_id = m.account_id
                        AND t.debit = m.place AND t.debit_sequence < m.sequence
                    ORDER BY t.debit_sequence DESC LIMIT 1
                )
                UNION ALL
                (
                    SELECT t.seq, t.ordinal, t.credit_sequence, t.credit_balance
                    FROM ballast.transfer t
                    WHERE m.seq_before IS NULL AND t.account_id = m.account_id
                        AND t.credit = m.place AND t.credit_sequence < m.sequence
                    ORDER BY t.credit_sequence DESC LIMIT 1
                )
            ) AS last ORDER BY last.sequence DESC LIMIT 1
        ) b ON true
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
$$;
REVOKE ALL ON FUNCTION ballast.check_transfers FROM PUBLIC;

CREATE TRIGGER check_added AFTER INSERT ON ballast.transfer
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_transfers();
ALTER TABLE ballast.transfer ENABLE ALWAYS TRIGGER check_added;

COMMENT ON CONSTRAINT transfer_hash_form ON ballast.transfer IS 'A hash is a SHA-256 in hex; rows from before the chain have none';
COMMENT ON CONSTRAINT transfer_successor_once ON ballast.transfer IS 'One successor only: a fork of the ledger cannot be stored';
COMMENT ON CONSTRAINT transfer_debit_sequence_once ON ballast.transfer IS 'A ledger account counts its transfers; no debit stands twice at one place';
COMMENT ON CONSTRAINT transfer_credit_sequence_once ON ballast.transfer IS 'A ledger account counts its transfers; no credit stands twice at one place';
COMMENT ON FUNCTION ballast.check_transfers IS 'Transfers go on where the last one stood: number, link, hash, sequences and balances';

-- Lots as rows: what opened each, and everything that left it with what that realised.
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
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT lot_number_once UNIQUE (account_id, number),
    CONSTRAINT lot_quantity_positive CHECK (quantity > 0 AND quantity < 'Infinity')
);
COMMENT ON TABLE ballast.lot IS 'Lots as they opened: what one booking brought in, with its whole cost';

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
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT lot_consumed_remaining_once UNIQUE (account_id, number, remaining),
    CONSTRAINT lot_consumed_quantity_positive CHECK (quantity > 0 AND quantity < 'Infinity'),
    CONSTRAINT lot_consumed_remaining_covered CHECK (remaining >= 0 AND remaining < 'Infinity')
);
COMMENT ON TABLE ballast.lot_consumed IS 'What left each lot, why, and what it realised; a sale''s shares add up to the sale';

CREATE VIEW ballast.lot_open AS
SELECT l.account_id, l.number, l.symbol, l.source, l.at,
    l.quantity - coalesce(c.quantity, 0) AS quantity, l.cost - coalesce(c.cost, 0) AS cost
FROM ballast.lot l LEFT JOIN LATERAL (
    SELECT sum(c.quantity) AS quantity, sum(c.cost) AS cost FROM ballast.lot_consumed c
    WHERE c.account_id = l.account_id AND c.number = l.number
) c ON true
WHERE l.quantity > coalesce(c.quantity, 0);
COMMENT ON VIEW ballast.lot_open IS 'What is left of each lot; number is the order in which sales take them';

-- What remains is what remained before, less what is taken. Where a row of lots was refused since,
-- nothing can be told.
CREATE FUNCTION ballast.check_lots() RETURNS trigger
LANGUAGE plpgsql AS $$
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
$$;
REVOKE ALL ON FUNCTION ballast.check_lots FROM PUBLIC;

CREATE TRIGGER check_added AFTER INSERT ON ballast.lot_consumed
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_lots();
ALTER TABLE ballast.lot_consumed ENABLE ALWAYS TRIGGER check_added;
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ballast.lot
    FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();
ALTER TABLE ballast.lot ENABLE ALWAYS TRIGGER refuse_change;
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ballast.lot_consumed
    FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();
ALTER TABLE ballast.lot_consumed ENABLE ALWAYS TRIGGER refuse_change;
GRANT SELECT, INSERT ON ballast.lot, ballast.lot_consumed TO ballast_writer;
GRANT SELECT ON ballast.lot, ballast.lot_consumed TO ballast_reader;
GRANT SELECT ON ballast.lot_open TO ballast_writer, ballast_reader;

COMMENT ON CONSTRAINT lot_pkey ON ballast.lot IS 'A row is told by its input and its place among that input''s rows, so none comes twice';
COMMENT ON CONSTRAINT lot_number_once ON ballast.lot IS 'A lot opens once';
COMMENT ON CONSTRAINT lot_quantity_positive ON ballast.lot IS 'Nothing is no lot';
COMMENT ON CONSTRAINT lot_consumed_pkey ON ballast.lot_consumed IS 'A row is told by its input and its place among that input''s rows, so none comes twice';
COMMENT ON CONSTRAINT lot_consumed_remaining_once ON ballast.lot_consumed IS 'Each consumption leaves less than the one before; the same lot is not taken twice';
COMMENT ON CONSTRAINT lot_consumed_quantity_positive ON ballast.lot_consumed IS 'Nothing is no consumption';
COMMENT ON CONSTRAINT lot_consumed_remaining_covered ON ballast.lot_consumed IS 'A lot gives no more than it has';
COMMENT ON FUNCTION ballast.check_lots IS 'What is taken from a lot leaves what remained before, less it';

-- What the venue's own ledger told besides trades, and what a person corrected.
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
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT ledger_entry_once UNIQUE (account_id, refid, asset)
);
COMMENT ON TABLE ballast.ledger_entry IS 'Entries of the venue''s ledger that are no trades, and corrections, as they were booked';
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ballast.ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();
ALTER TABLE ballast.ledger_entry ENABLE ALWAYS TRIGGER refuse_change;
GRANT SELECT, INSERT ON ballast.ledger_entry TO ballast_writer;
GRANT SELECT ON ballast.ledger_entry TO ballast_reader;
COMMENT ON CONSTRAINT ledger_entry_pkey ON ballast.ledger_entry IS 'A row is told by its input and its place among that input''s rows, so none comes twice';
COMMENT ON CONSTRAINT ledger_entry_once ON ballast.ledger_entry IS 'The venue''s entry is booked once for its asset, a transfer is corrected once';
