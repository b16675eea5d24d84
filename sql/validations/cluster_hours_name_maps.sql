-- Once maps of clusters are recorded, every hour of a cluster names one that was recorded before it
-- and still held, or none.

SELECT c.account_id, c.seq,
    format('hour %s of cluster %s goes by a map that did not hold: %s', c.hour_ts, c.cluster, c.version)
        AS detail
FROM ballast.cluster_hour c
WHERE c.version <> 'none'
    AND EXISTS (
        SELECT FROM ballast.cluster_map m WHERE m.account_id = c.account_id AND m.seq < c.seq
    )
    AND NOT EXISTS (
        SELECT FROM ballast.cluster_map m
        WHERE m.account_id = c.account_id AND m.version = c.version
            AND m.seq <= c.seq AND c.at < m.valid_until
    )
