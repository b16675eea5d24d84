-- Within a run no stream's watermark moves back: neither its hour, nor a symbol's newest instant, nor
-- its newest trade id. Only the input that begins a run tells what the run resumed from.

WITH told AS (
    SELECT account_id, run_id, stream, seq, resumed, ts, newest_ts, trade_ids,
        lag(ts) OVER stream AS ts_before,
        lag(seq) OVER stream AS seq_before,
        lag(newest_ts) OVER stream AS newest_before,
        lag(trade_ids) OVER stream AS ids_before
    FROM ballast.ingestion_watermark
    WINDOW stream AS (PARTITION BY account_id, run_id, stream ORDER BY seq, ordinal)
)
SELECT account_id, seq, format('%s of run %s at %s: %s', stream, run_id, ts, CASE
    WHEN resumed AND seq_before < seq THEN 'resumed within the run'
    WHEN ts < ts_before THEN 'the hour moves back'
    ELSE 'a symbol moves back'
END) AS detail
FROM told
WHERE ts_before IS NOT NULL AND (
    resumed AND seq_before < seq
    OR ts < ts_before
    OR cardinality(newest_ts) <> cardinality(newest_before)
    OR cardinality(trade_ids) < cardinality(ids_before)
    OR EXISTS (SELECT FROM unnest(newest_ts, newest_before) AS n (now, was) WHERE now < was)
    OR EXISTS (SELECT FROM unnest(trade_ids, ids_before) AS n (now, was) WHERE now < was)
)
