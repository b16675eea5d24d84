-- What sealing asks: the tombstones, and the rows of one run that are exported.

-- name: seals
SELECT account_id, run_id, first_seq, last_seq, root_before, root_after, frames, inputs, begun,
    export_sha256, extract(epoch FROM sealed_at)::bigint, key, signature
FROM ballast.journal_sealed WHERE account_id = $1 ORDER BY first_seq;

-- name: sealed_frames
SELECT account_id, first_seq, last_seq, epoch, run_id, hour_ts, root_before, root_after, checksum,
    records
FROM ballast.journal_frame
WHERE account_id = $1 AND run_id = $2 ORDER BY first_seq;

-- name: sealed_run
SELECT account_id, run_id, ordinal, epoch, mode, feed, genesis, first_seq
FROM ballast.run WHERE account_id = $1 AND run_id = $2;

-- name: sealed_run_end
SELECT account_id, run_id, epoch FROM ballast.run_end WHERE account_id = $1 AND run_id = $2;

-- name: sealed_snapshot
-- The state that the run began with: a replay of its export needs nothing before it.
SELECT account_id, seq, root, run_id, data FROM ballast.snapshot
WHERE account_id = $1
    AND seq = (SELECT first_seq - 1 FROM ballast.run WHERE account_id = $1 AND run_id = $2);

-- name: run_hour
-- The hour of a run's newest frame.
SELECT max(hour_ts) FROM ballast.journal_frame WHERE account_id = $1 AND run_id = $2;

-- name: seal_run
-- The table's trigger removes what this stands for.
INSERT INTO ballast.journal_sealed (
    account_id, run_id, first_seq, last_seq, root_before, root_after, frames, inputs, begun,
    export_sha256, sealed_at, key, signature
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, to_timestamp($11::bigint), $12, $13);

-- name: wait_for_the_lock
SET lock_timeout = '10s';
