-- Bars of a run close later and later; features follow the bar of their close, regimes and predictions
-- the features of theirs, in the columns and of the symbols that the run names; and what decided is on record.

WITH bars AS (
    SELECT account_id, run_id, seq, ordinal, close_ts, octet_length(numbers) AS bytes,
        lag(close_ts) OVER (PARTITION BY account_id, run_id ORDER BY seq, ordinal) AS before
    FROM ballast.bar_slice
), begun AS (
    SELECT account_id, run_id, min(close_ts) AS close_ts FROM bars GROUP BY account_id, run_id
), told AS (
    SELECT b.account_id, b.seq, b.run_id, CASE
        WHEN b.close_ts <= b.before THEN 'a bar that does not follow'
        WHEN b.bytes IS DISTINCT FROM 48 * u.symbols_count THEN 'a bar of other symbols'
    END AS fault
    FROM bars b
    LEFT JOIN ballast.universe_version u ON u.account_id = b.account_id AND u.run_id = b.run_id
    UNION ALL
    SELECT f.account_id, f.seq, f.run_id, CASE
        WHEN s.run_id IS NULL THEN 'features without names'
        WHEN b.run_id IS NULL THEN 'features without their bar'
        WHEN 6 * octet_length(f.numbers) <> cardinality(s.names) * b.bytes
            THEN 'features of other columns'
    END
    FROM ballast.feature_slice f
    LEFT JOIN ballast.feature_schema s
        ON s.account_id = f.account_id AND s.run_id = f.run_id
    LEFT JOIN bars b
        ON b.account_id = f.account_id AND b.run_id = f.run_id AND b.close_ts = f.close_ts
        AND (b.seq, b.ordinal) < (f.seq, f.ordinal)
    UNION ALL
    -- Runs that are older than the migration that made these tables have no slices.
    SELECT p.account_id, p.seq, p.run_id, CASE
        WHEN f.run_id IS NULL THEN 'a prediction without its features'
        WHEN s.schema_hash IS DISTINCT FROM m.schema_hash THEN 'a prediction by other features'
        WHEN cardinality(p.p_up) * 8 * cardinality(s.names) <> octet_length(f.numbers)
            THEN 'a prediction of other symbols'
    END
    FROM ballast.prediction_slice p
    JOIN ballast.run r ON r.account_id = p.account_id AND r.run_id = p.run_id
    JOIN ballast.lease l ON l.account_id = r.account_id AND l.epoch = r.epoch
    JOIN ballast.migration g ON g.number = 10 AND g.applied_at < l.opened_at
    LEFT JOIN ballast.feature_slice f
        ON f.account_id = p.account_id AND f.run_id = p.run_id AND f.close_ts = p.ts
        AND (f.seq, f.ordinal) < (p.seq, p.ordinal)
    LEFT JOIN ballast.feature_schema s
        ON s.account_id = p.account_id AND s.run_id = p.run_id
    LEFT JOIN ballast.model_version m
        ON m.account_id = p.account_id AND m.run_id = p.run_id
    UNION ALL
    SELECT r.account_id, r.seq, r.run_id, CASE
        WHEN f.run_id IS NULL THEN 'a regime without its features'
        WHEN NOT EXISTS (
            SELECT FROM ballast.regime_cut c
            WHERE c.account_id = r.account_id AND c.run_id = r.run_id AND c.bundle_id = r.bundle_id
        ) THEN 'a regime without cuts'
        WHEN cardinality(r.regime) * 8 * cardinality(s.names) <> octet_length(f.numbers)
            THEN 'a regime of other symbols'
    END
    FROM ballast.regime_slice r
    LEFT JOIN ballast.feature_slice f
        ON f.account_id = r.account_id AND f.run_id = r.run_id AND f.close_ts = r.close_ts
        AND (f.seq, f.ordinal) < (r.seq, r.ordinal)
    LEFT JOIN ballast.feature_schema s
        ON s.account_id = r.account_id AND s.run_id = r.run_id
    UNION ALL
    SELECT p.account_id, p.seq, p.run_id, 'a prediction without its regime'
    FROM ballast.prediction_slice p
    WHERE EXISTS (
        SELECT FROM ballast.regime_cut c WHERE c.account_id = p.account_id AND c.run_id = p.run_id
    ) AND NOT EXISTS (
        SELECT FROM ballast.regime_slice r
        WHERE r.account_id = p.account_id AND r.run_id = p.run_id AND r.close_ts = p.ts
    ) AND NOT EXISTS (
        SELECT FROM ballast.row_refused x
        WHERE x.account_id = p.account_id AND x.run_id = p.run_id
            AND x.table_name = 'regime_slice' AND x.seq = p.seq
    )
    UNION ALL
    -- Before its first bar a run decides by its warm-up, or by what the run before it knew.
    SELECT v.account_id, v.seq, v.run_id, 'a decision without its features'
    FROM ballast.verdict_slice v
    JOIN begun b
        ON b.account_id = v.account_id AND b.run_id = v.run_id AND b.close_ts <= v.prediction_ts
    WHERE NOT EXISTS (
        SELECT FROM ballast.feature_slice f
        WHERE f.account_id = v.account_id AND f.run_id = v.run_id AND f.close_ts = v.prediction_ts
            AND (f.seq, f.ordinal) < (v.seq, v.ordinal)
    ) AND NOT EXISTS (
        SELECT FROM ballast.row_refused x
        WHERE x.account_id = v.account_id AND x.run_id = v.run_id
            AND x.table_name = 'feature_slice' AND x.seq <= v.seq AND x.at >= v.prediction_ts
    )
)
SELECT account_id, seq, format('run %s: %s', run_id, fault) AS detail FROM told
WHERE fault IS NOT NULL
