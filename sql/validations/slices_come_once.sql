-- Every input has one row at a place in a series. Its key cannot say so alone: it holds the time as well,
-- which a hypertable demands.

SELECT account_id, seq, format('%s row %s comes %s times', kind, ordinal, count(*)) AS detail
FROM (
    SELECT 'verdict_slice' AS kind, account_id, seq, ordinal FROM ballast.verdict_slice
    UNION ALL SELECT 'prediction_slice', account_id, seq, ordinal FROM ballast.prediction_slice
    UNION ALL SELECT 'bar_slice', account_id, seq, ordinal FROM ballast.bar_slice
    UNION ALL SELECT 'feature_slice', account_id, seq, ordinal FROM ballast.feature_slice
    UNION ALL SELECT 'regime_slice', account_id, seq, ordinal FROM ballast.regime_slice
) AS slices
GROUP BY kind, account_id, seq, ordinal
HAVING count(*) > 1
