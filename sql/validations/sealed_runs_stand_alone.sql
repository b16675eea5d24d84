-- A tombstone stands for one whole run as it was begun, and no frame of the run stands beside it.

SELECT s.account_id, s.first_seq AS seq, format('the tombstone of run %s does not fit it', s.run_id) AS detail
FROM ballast.journal_sealed s
LEFT JOIN ballast.run r ON r.account_id = s.account_id AND r.run_id = s.run_id
WHERE r.first_seq IS DISTINCT FROM s.first_seq OR r.genesis IS DISTINCT FROM s.root_before
UNION ALL
SELECT f.account_id, f.first_seq, format('a frame of run %s, which is sealed', f.run_id)
FROM ballast.journal_frame f
JOIN ballast.journal_sealed s ON s.account_id = f.account_id
    AND (s.run_id = f.run_id OR f.first_seq BETWEEN s.first_seq AND s.last_seq)
