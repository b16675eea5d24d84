-- What the journal asks of the database. The triggers of 0001_journal.sql check what is written.

-- name: server_facts
SELECT current_setting('server_version_num')::integer AS version,
    current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on' AS is_durable;

-- name: lock_stream
SELECT ballast.lock_stream($1);

-- name: check_leader
SELECT ballast.check_leader($1, $2);

-- name: open_epoch
INSERT INTO ballast.lease (account_id, epoch, holder)
SELECT $1, coalesce(max(epoch), 0) + 1, $2 FROM ballast.lease WHERE account_id = $1
RETURNING epoch;

-- name: append_frame
INSERT INTO ballast.journal_frame (
    account_id, first_seq, last_seq, epoch, run_id,
    hour_ts, root_before, root_after, checksum, records
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

-- name: stored_frame
SELECT epoch, last_seq, root_after, checksum FROM ballast.journal_frame
WHERE account_id = $1 AND first_seq = $2;

-- name: head
SELECT last_seq, root_after FROM ballast.journal_frame
WHERE account_id = $1 ORDER BY first_seq DESC LIMIT 1;

-- name: frame_holding
SELECT first_seq FROM ballast.journal_frame
WHERE account_id = $1 AND first_seq <= $2 AND last_seq >= $2
ORDER BY first_seq DESC LIMIT 1;

-- name: frames_from
SELECT run_id, epoch, first_seq, last_seq, hour_ts, root_before, root_after, checksum, records
FROM ballast.journal_frame
WHERE account_id = $1 AND first_seq >= $2 AND first_seq <= $3
ORDER BY first_seq LIMIT $4;

-- name: begin_run
INSERT INTO ballast.run (account_id, run_id, epoch, mode, feed, genesis, first_seq)
VALUES ($1, $2, $3, $4, $5, $6, $7);

-- name: end_run
INSERT INTO ballast.run_end (account_id, run_id, epoch) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING;

-- name: runs
-- A run ends where the next one begins; the newest ends at the head.
WITH head AS (
    SELECT last_seq, root_after FROM ballast.journal_frame
    WHERE account_id = $1 ORDER BY first_seq DESC LIMIT 1
), ended AS (
    SELECT run.*,
        coalesce(
            lead(first_seq) OVER stream - 1, (SELECT last_seq FROM head), 0
        ) AS end_seq,
        coalesce(
            lead(genesis) OVER stream, (SELECT root_after FROM head), genesis
        ) AS end_root
    FROM ballast.run WHERE account_id = $1
    WINDOW stream AS (ORDER BY ordinal)
)
SELECT run_id, account_id, mode, feed, genesis, first_seq,
    CASE WHEN end_seq >= first_seq THEN end_seq ELSE 0 END AS last_seq,
    CASE WHEN end_seq >= first_seq THEN end_root ELSE genesis END AS root,
    EXISTS (
        SELECT FROM ballast.run_end
        WHERE run_end.account_id = ended.account_id AND run_end.run_id = ended.run_id
    ) AS closed
FROM ended ORDER BY ordinal;

-- name: save_snapshot
INSERT INTO ballast.snapshot (account_id, seq, root, run_id, data)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING;

-- name: snapshot_before
SELECT seq, root, run_id, data FROM ballast.snapshot
WHERE account_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT 1;

-- name: refused_since
SELECT constraint_name, seq, format('%s row %s', table_name, ordinal)
FROM ballast.row_refused WHERE account_id = $1 AND seq > $2 ORDER BY seq, ordinal;
