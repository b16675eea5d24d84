-- What the gates before live trading ask of the database of a paper account.

-- name: trial_hours
-- Full hours, by day, in which a run on that feed heard most of its symbols, and that lie between
-- the opening of the run's lease and the next one's by the database's own clock: a recording that
-- is played, or a clock that was moved, has hours and no time that passed.
WITH lead AS (
    SELECT account_id, epoch,
        (extract(epoch FROM opened_at) * 1e9)::bigint AS opened,
        (extract(epoch FROM coalesce(
            lead(opened_at) OVER (PARTITION BY account_id ORDER BY epoch), now()
        )) * 1e9)::bigint AS followed
    FROM ballast.lease
), heard AS (
    SELECT DISTINCT w.ts
    FROM ballast.run r
    JOIN lead l ON l.account_id = r.account_id AND l.epoch = r.epoch
    JOIN ballast.ingestion_watermark w ON w.account_id = r.account_id AND w.run_id = r.run_id
    WHERE r.mode = 'PAPER' AND r.feed = $1 AND w.stream = 'book' AND NOT w.resumed
        AND w.ts - 3600000000000 >= l.opened - $2::bigint AND w.ts <= l.followed + $2::bigint
        AND (
            SELECT count(*) FILTER (WHERE n.taken > 0) * 2 > count(*)
            FROM unnest(w.taken) AS n (taken)
        )
)
SELECT (ts - 3600000000000) / 86400000000000 AS day, count(*) AS hours
FROM heard GROUP BY 1 ORDER BY 1;
