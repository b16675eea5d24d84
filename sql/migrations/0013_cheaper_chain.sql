-- The chain's own checks, cheaper; what is refused stays the same. Two regular expressions cost more
-- than all keys of a row together: that a hash is hexadecimal follows, because the trigger makes every
-- hash again and compares every link. That no number comes twice follows from the trigger too.

ALTER TABLE ballast.transfer
    DROP CONSTRAINT transfer_transfer_no_once,
    DROP CONSTRAINT transfer_hash_form,
    ADD CONSTRAINT transfer_hash_form CHECK (
        (previous IS NULL) = (hash IS NULL) AND octet_length(hash) = 64
        AND octet_length(previous) IN (0, 64)
    );
COMMENT ON CONSTRAINT transfer_hash_form ON ballast.transfer IS 'A hash is a SHA-256 in hex, 64 characters; rows from before the chain have none';

-- A row that follows the one before it in its statement is done with after two comparisons; only what
-- does not, and the first of each account, is looked up in the table.
CREATE OR REPLACE FUNCTION ballast.check_transfers() RETURNS trigger
LANGUAGE plpgsql AS $$
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
$$;
