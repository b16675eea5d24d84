-- What a run came to: read from its rows when it ends, and again whenever its manifest is held
-- against them. 0017_manifests.sql says what each hash is over.

-- name: hash_tables
-- Rows and hash of each table that has any of these inputs.
WITH hours AS (
    SELECT table_name, hour_ts_utc, count(*) AS rows,
        sha256(string_agg(row_hash, ''::bytea ORDER BY seq, ordinal)) AS hash
    FROM ballast.derived_row
    WHERE account_id = $1 AND seq BETWEEN $2 AND $3 AND run_id = $4
    GROUP BY table_name, hour_ts_utc
)
SELECT table_name, sum(rows)::bigint,
    encode(sha256(string_agg(hash, ''::bytea ORDER BY hour_ts_utc)), 'hex')
FROM hours GROUP BY table_name;

-- name: write_manifest
-- Columns in any order: the hash is over a JSON object of all others.
WITH told AS (
    SELECT r.account_id, r.run_id, r.mode, f.hour_ts AS hour_ts_utc, r.first_seq, f.last_seq,
        encode(r.genesis, 'hex') AS genesis, encode(f.root_after, 'hex') AS root, (
            SELECT count(*) FROM ballast.journal_frame c
            WHERE c.account_id = $1 AND c.first_seq >= r.first_seq AND c.run_id = $2
        ) AS frames,
        $4::bigint AS row_count, $3::jsonb AS tables,
        coalesce(c.code_fingerprint, '') AS code_fingerprint,
        coalesce(c.settings_hash, '') AS settings_hash, coalesce(c.feed, '') AS feed,
        coalesce(c.bundle_id, '') AS bundle_id,
        ARRAY(
            SELECT kind || ' ' || profile_hash FROM ballast.profile_assignment
            WHERE account_id = $1 AND run_id = $2 AND seq >= r.first_seq ORDER BY ordinal
        ) AS profiles,
        ARRAY(
            SELECT purpose || ' ' || sha256 FROM ballast.dataset
            WHERE account_id = $1 AND run_id = $2 AND seq >= r.first_seq ORDER BY ordinal
        ) AS datasets,
        coalesce((
            SELECT m.manifest_hash FROM ballast.replay_manifest m
            JOIN ballast.run b ON b.account_id = m.account_id AND b.run_id = m.run_id
            WHERE m.account_id = $1 AND b.ordinal < r.ordinal ORDER BY b.ordinal DESC LIMIT 1
        ), '') AS parent_hash
    FROM ballast.run r
    CROSS JOIN LATERAL (
        SELECT hour_ts, last_seq, root_after FROM ballast.journal_frame
        WHERE account_id = $1 AND run_id = $2 ORDER BY first_seq DESC LIMIT 1
    ) f
    LEFT JOIN ballast.run_context c ON c.account_id = $1 AND c.run_id = $2
    WHERE r.account_id = $1 AND r.run_id = $2
)
INSERT INTO ballast.replay_manifest (
    account_id, run_id, mode, hour_ts_utc, first_seq, last_seq, genesis, root, frames, row_count,
    tables, code_fingerprint, settings_hash, feed, bundle_id, profiles, datasets, parent_hash,
    manifest_hash
)
SELECT account_id, run_id, mode, hour_ts_utc, first_seq, last_seq, genesis, root, frames, row_count,
    tables, code_fingerprint, settings_hash, feed, bundle_id, profiles, datasets, parent_hash,
    encode(sha256(convert_to(to_jsonb(told)::text, 'UTF8')), 'hex')
FROM told ON CONFLICT DO NOTHING;

-- name: manifest_of
SELECT run_id, first_seq, last_seq, genesis, root, frames, row_count, tables::text,
    code_fingerprint, settings_hash, feed, bundle_id, profiles, datasets, parent_hash, manifest_hash,
    encode(
        sha256(convert_to((to_jsonb(m) - 'manifest_hash')::text, 'UTF8')), 'hex'
    ) = manifest_hash AS is_as_written
FROM ballast.replay_manifest m WHERE account_id = $1 AND run_id = $2;

-- name: manifest_is_due
-- Whether a run that was closed must have one: manifests were kept before it, or one that is gone is
-- named as a parent.
SELECT EXISTS (
    SELECT FROM ballast.replay_manifest m
    JOIN ballast.run r ON r.account_id = m.account_id AND r.run_id = m.run_id
    WHERE m.account_id = $1 AND r.ordinal < (
        SELECT ordinal FROM ballast.run WHERE account_id = $1 AND run_id = $2
    )
) OR EXISTS (
    SELECT FROM ballast.replay_manifest m
    WHERE m.account_id = $1 AND m.parent_hash <> '' AND NOT EXISTS (
        SELECT FROM ballast.replay_manifest p
        WHERE p.account_id = $1 AND p.manifest_hash = m.parent_hash
    )
);
