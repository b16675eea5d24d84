-- The books as a trader reads them: each side of every transfer, and what each account has come to.
-- Both are views, so there is one truth; the order of transfers is that of (seq, ordinal).

CREATE VIEW ballast.posting AS
SELECT t.account_id, t.run_id, t.mode, t.hour_ts_utc, t.seq, t.ordinal, t.at, t.transfer_no,
    s.side, s.ledger_account, t.asset, s.change, s.balance, s.sequence, s.counterpart,
    t.source, t.cause
FROM ballast.transfer t CROSS JOIN LATERAL (
    VALUES
        ('debit', t.debit, -t.amount, t.debit_balance, t.debit_sequence, t.credit),
        ('credit', t.credit, t.amount, t.credit_balance, t.credit_sequence, t.debit)
) AS s (side, ledger_account, change, balance, sequence, counterpart);
COMMENT ON VIEW ballast.posting IS
    'Each side of each transfer: what it changed, and the balance that the ledger carried after it';

CREATE VIEW ballast.balance AS
SELECT t.account_id, s.ledger_account, t.asset,
    (array_agg(s.carried ORDER BY t.seq DESC, t.ordinal DESC))[1] AS balance,
    sum(s.change) AS total, count(*) AS postings, max(t.at) AS last_at
FROM ballast.transfer t CROSS JOIN LATERAL (
    VALUES (t.debit, -t.amount, t.debit_balance), (t.credit, t.amount, t.credit_balance)
) AS s (ledger_account, change, carried)
GROUP BY t.account_id, s.ledger_account, t.asset;
COMMENT ON VIEW ballast.balance IS
    'Every ledger account: the balance carried to its newest posting, and the sum of all of them';

GRANT SELECT ON ballast.posting, ballast.balance TO ballast_writer, ballast_reader;
