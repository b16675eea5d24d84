-- A run that says what its model was trained on says it whole: the training begins where the first of
-- that data does, and ends within it; and every run that names training data names its model.

WITH spans AS (
    SELECT account_id, run_id, min(seq) AS seq, min(first_ts) AS begins, max(last_ts) AS ends
    FROM ballast.dataset WHERE purpose = 'training' GROUP BY account_id, run_id
)
SELECT s.account_id, s.seq, format('run %s: %s', s.run_id, CASE
    WHEN m.run_id IS NULL THEN 'training data of no model'
    WHEN m.trained_from <> s.begins THEN 'the training begins elsewhere than its data'
    ELSE 'the training ends after its data'
END) AS detail
FROM spans s
LEFT JOIN ballast.model_version m ON m.account_id = s.account_id AND m.run_id = s.run_id
WHERE m.run_id IS NULL OR m.trained_from <> s.begins OR m.trained_until > s.ends
