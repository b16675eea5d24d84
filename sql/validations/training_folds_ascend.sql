-- The folds of a run are numbered from 1, each tested after the one before, and none on what lies
-- after the training of the run's model.

WITH placed AS (
    SELECT f.*, row_number() OVER folds AS place, lag(test_ends) OVER folds AS tested_before,
        m.trained_until, m.bundle_id AS model
    FROM ballast.training_fold f
    LEFT JOIN ballast.model_version m USING (account_id, run_id)
    WINDOW folds AS (PARTITION BY f.account_id, f.run_id ORDER BY f.number)
), judged AS (
    SELECT account_id, seq, number, CASE
        WHEN model IS DISTINCT FROM bundle_id THEN 'is of another model than the run''s'
        WHEN number <> place THEN format('stands where %s is due', place)
        WHEN test_begins < tested_before THEN 'is tested on what the one before was'
        WHEN test_ends > trained_until THEN 'is tested on what lies after the training'
    END AS fault
    FROM placed
)
SELECT j.account_id, j.seq, format('fold %s %s', j.number, j.fault) AS detail
FROM judged j
WHERE j.fault IS NOT NULL AND NOT EXISTS (
    SELECT FROM ballast.row_refused r
    WHERE r.account_id = j.account_id AND r.seq = j.seq
        AND r.table_name IN ('training_fold', 'model_version')
)
