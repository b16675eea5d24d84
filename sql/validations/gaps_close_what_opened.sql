-- Every closing of a gap names one that was opened before it, of the same stream, symbol, kind and
-- beginning; and no symbol has two gaps of a kind open at a time.

SELECT c.account_id, c.seq, format('gap %s of %s is closed without having been opened so',
    c.number, coalesce(nullif(c.symbol, ''), 'the run')) AS detail
FROM ballast.ingestion_gap c
WHERE c.ends IS NOT NULL AND NOT EXISTS (
    SELECT FROM ballast.ingestion_gap o
    WHERE o.account_id = c.account_id AND o.number = c.number AND o.ends IS NULL
        AND (o.seq, o.ordinal) < (c.seq, c.ordinal)
        AND (o.stream, o.place, o.symbol, o.kind, o.begins)
            = (c.stream, c.place, c.symbol, c.kind, c.begins)
) AND NOT EXISTS (
    SELECT FROM ballast.row_refused r
    WHERE r.account_id = c.account_id AND r.table_name = 'ingestion_gap' AND r.seq <= c.seq
)
UNION ALL
SELECT account_id, seq, format('gap %s opens beside another one', number)
FROM (
    SELECT o.*, lag(o.number) OVER others AS earlier
    FROM ballast.ingestion_gap o
    WHERE o.ends IS NULL
    WINDOW others AS (PARTITION BY o.account_id, o.place, o.kind ORDER BY o.seq, o.ordinal)
) opened
WHERE earlier IS NOT NULL AND NOT EXISTS (
    SELECT FROM ballast.ingestion_gap c
    WHERE c.account_id = opened.account_id AND c.number = opened.earlier AND c.ends IS NOT NULL
        AND (c.seq, c.ordinal) < (opened.seq, opened.ordinal)
) AND NOT EXISTS (
    SELECT FROM ballast.row_refused r
    WHERE r.account_id = opened.account_id AND r.table_name = 'ingestion_gap'
        AND r.seq <= opened.seq
)
