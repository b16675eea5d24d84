-- A run begins after the last input of the frame before it, with that frame's root as its genesis,
-- and every frame is of the newest run that had begun. A tombstone stands for the frames of its run.

WITH spans AS (
    SELECT account_id, run_id, first_seq, last_seq, root_after FROM ballast.journal_sealed
    UNION ALL SELECT account_id, run_id, first_seq, last_seq, root_after FROM ballast.journal_frame
), begun AS (
    SELECT account_id, first_seq, ordinal, run_id, NULL::text AS frame_of FROM ballast.run
    UNION ALL
    SELECT account_id, first_seq, NULL, NULL, run_id FROM spans
), parted AS (
    -- A run stands before the frame that begins with it: its ordinal is no null.
    SELECT *, count(ordinal) OVER stream AS part FROM begun
    WINDOW stream AS (
        PARTITION BY account_id ORDER BY first_seq, ordinal NULLS LAST
        ROWS UNBOUNDED PRECEDING
    )
), carried AS (
    SELECT account_id, first_seq, frame_of, max(run_id) OVER (PARTITION BY account_id, part) AS due
    FROM parted
)
SELECT r.account_id, r.first_seq AS seq, format('run %s has another genesis', r.run_id) AS detail
FROM ballast.run r
LEFT JOIN spans f
    ON f.account_id = r.account_id AND f.last_seq = r.first_seq - 1
WHERE r.genesis <> coalesce(f.root_after, decode(repeat('00', 32), 'hex'))
    OR f.last_seq IS NULL AND r.first_seq <> 1
UNION ALL
SELECT account_id, first_seq, format('a frame of run %s', frame_of)
FROM carried WHERE frame_of IS NOT NULL AND frame_of IS DISTINCT FROM due
