-- A run begins after the last input of the frame before it, with that frame's root as its genesis,
-- and every frame is of the newest run that had begun.

SELECT r.account_id, r.first_seq AS seq, format('run %s has another genesis', r.run_id) AS detail
FROM ballast.run r
LEFT JOIN ballast.journal_frame f
    ON f.account_id = r.account_id AND f.last_seq = r.first_seq - 1
WHERE r.genesis <> coalesce(f.root_after, decode(repeat('00', 32), 'hex'))
    OR f.last_seq IS NULL AND r.first_seq <> 1
UNION ALL
SELECT f.account_id, f.first_seq, format('a frame of run %s', f.run_id)
FROM ballast.journal_frame f
WHERE f.run_id IS DISTINCT FROM (
    SELECT r.run_id FROM ballast.run r
    WHERE r.account_id = f.account_id AND r.first_seq <= f.first_seq
    ORDER BY r.first_seq DESC, r.ordinal DESC LIMIT 1
)
