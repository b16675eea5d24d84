-- Every run that has begun states what it was made of: its context, the universe by its hash with
-- every member in place, rules for every symbol it has rules for, and a profile for each it names.

WITH members AS (
    SELECT account_id, run_id, count(*) AS found, min(place) AS first, max(place) AS last,
        encode(sha256(convert_to(string_agg(symbol, E'\n' ORDER BY place), 'UTF8')), 'hex') AS hash
    FROM ballast.universe_member GROUP BY account_id, run_id
), told AS (
    SELECT c.account_id, c.seq, c.run_id, CASE
        WHEN u.universe_hash IS DISTINCT FROM c.universe_hash THEN 'another universe'
        WHEN u.symbols_count <> coalesce(m.found, 0) THEN 'symbols are missing'
        WHEN m.found > 0 AND (m.hash <> c.universe_hash OR m.first <> 0 OR m.last <> m.found - 1)
            THEN 'the symbols are not those of the hash'
        WHEN encode(sha256(convert_to(c.settings, 'UTF8')), 'hex') <> c.settings_hash
            THEN 'the settings are not those of the hash'
        WHEN EXISTS (
            SELECT FROM ballast.profile_assignment a
            WHERE a.account_id = c.account_id AND a.run_id = c.run_id AND NOT EXISTS (
                SELECT FROM ballast.profile p
                WHERE p.account_id = a.account_id AND p.run_id = a.run_id
                    AND p.profile_hash = a.profile_hash AND p.kind = a.kind
            )
        ) THEN 'a profile is missing'
    END AS fault
    FROM ballast.run_context c
    LEFT JOIN ballast.universe_version u ON u.account_id = c.account_id AND u.run_id = c.run_id
    LEFT JOIN members m ON m.account_id = c.account_id AND m.run_id = c.run_id
)
SELECT account_id, seq, format('run %s: %s', run_id, fault) AS detail FROM told
WHERE fault IS NOT NULL
UNION ALL
-- A run that was stored has its first input, unless it was cut off before it, or is older than the
-- migration that made these tables.
SELECT r.account_id, r.first_seq, format('run %s has no context', r.run_id)
FROM ballast.run r
JOIN ballast.lease l ON l.account_id = r.account_id AND l.epoch = r.epoch
JOIN ballast.migration m ON m.number = 9 AND m.applied_at < l.opened_at
WHERE (
    EXISTS (
        SELECT FROM ballast.journal_frame f
        WHERE f.account_id = r.account_id AND f.first_seq = r.first_seq AND f.run_id = r.run_id
    ) OR EXISTS (
        SELECT FROM ballast.journal_sealed s
        WHERE s.account_id = r.account_id AND s.run_id = r.run_id
    )
) AND NOT EXISTS (
    SELECT FROM ballast.run_context c
    WHERE c.account_id = r.account_id AND c.run_id = r.run_id
)
