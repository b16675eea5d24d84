-- Every prediction is of a model that its run states; outside of backtests somebody activated it, and
-- it is marked in sample just when its instant lies before the end of the training and its embargo.

SELECT p.account_id, p.seq, format('prediction of %s in run %s: %s', p.bundle_id, p.run_id, CASE
    WHEN m.run_id IS NULL THEN 'no such model'
    WHEN p.mode <> 'BACKTEST' AND a.run_id IS NULL THEN 'not activated'
    ELSE 'in sample is told wrongly'
END) AS detail
FROM ballast.prediction_slice p
LEFT JOIN ballast.model_version m
    ON m.account_id = p.account_id AND m.run_id = p.run_id AND m.bundle_id = p.bundle_id
LEFT JOIN ballast.activation a
    ON a.account_id = p.account_id AND a.run_id = p.run_id AND a.bundle_id = p.bundle_id
WHERE m.run_id IS NULL OR p.mode <> 'BACKTEST' AND a.run_id IS NULL
    OR p.in_sample <> (p.ts < m.trained_until + m.embargo_ns)
