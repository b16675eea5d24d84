-- The manifest of a run says what the rows of every table come to, what decided, and which manifest
-- was before it; since an account's first manifest every run that was closed with inputs has one.

WITH ends AS (
    SELECT account_id, run_id, last_seq, encode(root_after, 'hex') AS root
    FROM ballast.journal_sealed
    UNION ALL SELECT account_id, run_id, last_seq, encode(root_after, 'hex')
    FROM ballast.journal_frame
), ordered AS (
    SELECT m.*, r.ordinal, lag(m.manifest_hash) OVER (
            PARTITION BY m.account_id ORDER BY r.ordinal
        ) AS before,
        encode(
            sha256(convert_to((to_jsonb(m) - 'manifest_hash')::text, 'UTF8')), 'hex'
        ) AS due_hash
    FROM ballast.replay_manifest m
    JOIN ballast.run r ON r.account_id = m.account_id AND r.run_id = m.run_id
), told AS (
    SELECT m.account_id, m.run_id, t.key AS name, (t.value ->> 'rows')::bigint AS rows,
        t.value ->> 'hash' AS hash
    FROM ballast.replay_manifest m CROSS JOIN LATERAL jsonb_each(m.tables) t
), hours AS (
    SELECT account_id, run_id, table_name, hour_ts_utc, count(*) AS rows,
        sha256(string_agg(row_hash, ''::bytea ORDER BY seq, ordinal)) AS hash
    FROM ballast.derived_row GROUP BY account_id, run_id, table_name, hour_ts_utc
), stored AS (
    SELECT account_id, run_id, table_name AS name, sum(rows)::bigint AS rows,
        encode(sha256(string_agg(hash, ''::bytea ORDER BY hour_ts_utc)), 'hex') AS hash
    FROM hours GROUP BY account_id, run_id, table_name
), compared AS (
    SELECT account_id, run_id, name, coalesce(t.rows, 0) AS due, coalesce(s.rows, 0) AS found,
        coalesce(t.hash, encode(sha256(''), 'hex'))
            = coalesce(s.hash, encode(sha256(''), 'hex')) AS is_same
    FROM told t FULL JOIN stored s USING (account_id, run_id, name)
)
SELECT m.account_id, m.last_seq AS seq,
    format('run %s: the %s rows of %s are not the %s that are told', m.run_id, c.found, c.name, c.due)
        AS detail
FROM compared c JOIN ballast.replay_manifest m USING (account_id, run_id)
WHERE c.found <> c.due OR NOT c.is_same
UNION ALL
SELECT account_id, last_seq, format('the manifest of run %s was changed', run_id)
FROM ordered
WHERE manifest_hash <> due_hash
    OR row_count <> (SELECT sum((t.value ->> 'rows')::bigint) FROM jsonb_each(tables) t)
UNION ALL
SELECT account_id, last_seq, format('the manifest of run %s does not follow the one before', run_id)
FROM ordered WHERE parent_hash <> coalesce(before, '')
UNION ALL
SELECT m.account_id, m.last_seq, format('the manifest of run %s tells of another beginning', m.run_id)
FROM ordered m
JOIN ballast.run r ON r.account_id = m.account_id AND r.run_id = m.run_id
LEFT JOIN ballast.run_context c ON c.account_id = m.account_id AND c.run_id = m.run_id
WHERE (m.mode, m.first_seq, m.genesis) IS DISTINCT FROM
        (r.mode, r.first_seq, encode(r.genesis, 'hex'))
    OR (m.code_fingerprint, m.settings_hash, m.feed, m.bundle_id) IS DISTINCT FROM (
        coalesce(c.code_fingerprint, ''), coalesce(c.settings_hash, ''), coalesce(c.feed, ''),
        coalesce(c.bundle_id, '')
    )
UNION ALL
SELECT m.account_id, m.last_seq, format('the manifest of run %s tells of another end', m.run_id)
FROM ordered m
LEFT JOIN ends e ON e.account_id = m.account_id AND e.last_seq = m.last_seq
WHERE (e.run_id, e.root) IS DISTINCT FROM (m.run_id, m.root)
UNION ALL
SELECT e.account_id, r.first_seq, format('run %s was closed, and has no manifest', e.run_id)
FROM ballast.run_end e
JOIN ballast.run r ON r.account_id = e.account_id AND r.run_id = e.run_id
WHERE r.ordinal > (SELECT min(o.ordinal) FROM ordered o WHERE o.account_id = e.account_id)
    AND NOT EXISTS (
        SELECT FROM ballast.replay_manifest m
        WHERE m.account_id = e.account_id AND m.run_id = e.run_id
    )
    AND (
        EXISTS (
            SELECT FROM ballast.journal_frame f
            WHERE f.account_id = e.account_id AND f.run_id = e.run_id
        ) OR EXISTS (
            SELECT FROM ballast.journal_sealed s
            WHERE s.account_id = e.account_id AND s.run_id = e.run_id
        )
    )
