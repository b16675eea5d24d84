-- What a run came to, said with its end: root, counts, and a hash over the rows of every table, chained
-- to the manifest before it. A row's hash is over all that it holds, an hour's over those of its rows in
-- their order, a table's over those of its hours (a value of the database has an end; a run need not);
-- a manifest's own is over all that it says, the parent's included. So every row of an account hangs
-- below the hash of its newest manifest.

-- A migration that adds a table of rows must add it here (CREATE OR REPLACE VIEW, one UNION ALL more).
-- One that adds a column must leave it out for the rows of before (`to_jsonb(r) - 'column'`), or every
-- manifest would differ from what it was made of.
CREATE VIEW ballast.derived_row AS
SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'run_context'::text AS table_name,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8')) AS row_hash
FROM ballast.run_context r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'universe_version'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.universe_version r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'universe_member'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.universe_member r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'instrument'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.instrument r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'profile'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.profile r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'profile_assignment'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.profile_assignment r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'model_version'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.model_version r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'training_window'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.training_window r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'regime_cut'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.regime_cut r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'training_fold'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.training_fold r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'activation'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.activation r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'operator_action'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.operator_action r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'dataset'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.dataset r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'bar_slice'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.bar_slice r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'feature_schema'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.feature_schema r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'feature_slice'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.feature_slice r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'regime_slice'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.regime_slice r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'prediction_slice'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.prediction_slice r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'risk_profile'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.risk_profile r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'trading_state'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.trading_state r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'verdict_slice'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.verdict_slice r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'refusal'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.refusal r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'risk_verdict'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.risk_verdict r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'order_event'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.order_event r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'transfer'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.transfer r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'order_request'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.order_request r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'fill'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.fill r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'trade_unexplained'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.trade_unexplained r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'trade_closed'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.trade_closed r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'lot'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.lot r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'lot_consumed'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.lot_consumed r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'ledger_entry'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.ledger_entry r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'portfolio_hour'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.portfolio_hour r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'position_hour'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.position_hour r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'risk_hour'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.risk_hour r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'cluster_hour'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.cluster_hour r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'ingestion_gap'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.ingestion_gap r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'ingestion_watermark'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.ingestion_watermark r
UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at, 'row_refused'::text,
    sha256(convert_to(to_jsonb(r)::text, 'UTF8'))
FROM ballast.row_refused r;
COMMENT ON VIEW ballast.derived_row IS
    'Every row that an input led to, whichever its table: whose it is, its place, and the SHA-256 of all that it holds';

CREATE TABLE ballast.replay_manifest (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    genesis text NOT NULL,
    root text NOT NULL,
    frames bigint NOT NULL,
    row_count bigint NOT NULL,
    tables jsonb NOT NULL,
    code_fingerprint text NOT NULL,
    settings_hash text NOT NULL,
    feed text NOT NULL,
    bundle_id text NOT NULL,
    profiles text[] NOT NULL,
    datasets text[] NOT NULL,
    parent_hash text NOT NULL,
    manifest_hash text NOT NULL,
    PRIMARY KEY (account_id, run_id),
    CONSTRAINT replay_manifest_successor_once UNIQUE (account_id, parent_hash),
    CONSTRAINT replay_manifest_ended FOREIGN KEY (account_id, run_id) REFERENCES ballast.run_end,
    CONSTRAINT replay_manifest_range CHECK (
        first_seq > 0 AND frames BETWEEN 1 AND last_seq - first_seq + 1 AND row_count >= 0
    ),
    CONSTRAINT replay_manifest_hashes CHECK (
        genesis ~ '^[0-9a-f]{64}$' AND root ~ '^[0-9a-f]{64}$'
        AND parent_hash ~ '^([0-9a-f]{64})?$' AND manifest_hash ~ '^[0-9a-f]{64}$'
    )
);
COMMENT ON TABLE ballast.replay_manifest IS 'What a cleanly ended run came to, written with its end: root, rows and hash of every table, and what decided; parent_hash is the manifest before it, empty for an account''s first';
COMMENT ON CONSTRAINT replay_manifest_pkey ON ballast.replay_manifest IS 'A run is summed up once';
COMMENT ON CONSTRAINT replay_manifest_successor_once ON ballast.replay_manifest IS 'A manifest has one successor, so a second history of an account cannot stand beside the first';
COMMENT ON CONSTRAINT replay_manifest_ended ON ballast.replay_manifest IS 'Only a run that was closed cleanly has come to something';
COMMENT ON CONSTRAINT replay_manifest_range ON ballast.replay_manifest IS 'A run holds its inputs without a gap, and a frame holds at least one of them';
COMMENT ON CONSTRAINT replay_manifest_hashes ON ballast.replay_manifest IS 'Roots and hashes are SHA-256, in hex; only the first manifest has no parent';

-- The rows are not read again here: replay and the validation manifests_tell_the_rows do that.
CREATE FUNCTION ballast.check_manifests() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    told record;
    begun record;
    ended record;
    before text;
BEGIN
    FOR told IN SELECT * FROM added LOOP
        SELECT ordinal, mode, genesis, first_seq INTO begun FROM ballast.run
        WHERE account_id = told.account_id AND run_id = told.run_id;
        SELECT run_id, last_seq, root_after INTO ended FROM ballast.journal_frame
        WHERE account_id = told.account_id AND first_seq <= told.last_seq
        ORDER BY first_seq DESC LIMIT 1;
        IF (told.mode, told.genesis, told.first_seq, told.run_id, told.last_seq, told.root)
            IS DISTINCT FROM (begun.mode, encode(begun.genesis, 'hex'), begun.first_seq,
                ended.run_id, ended.last_seq, encode(ended.root_after, 'hex'))
        THEN
            RAISE EXCEPTION 'The manifest of run % is not of the run that is stored.', told.run_id
                USING ERRCODE = 'BL002';
        END IF;
        SELECT m.manifest_hash INTO before FROM ballast.replay_manifest m
        JOIN ballast.run r ON r.account_id = m.account_id AND r.run_id = m.run_id
        WHERE m.account_id = told.account_id AND r.ordinal < begun.ordinal
        ORDER BY r.ordinal DESC LIMIT 1;
        IF told.parent_hash <> coalesce(before, '') OR told.manifest_hash <> encode(
            sha256(convert_to((to_jsonb(told) - 'manifest_hash')::text, 'UTF8')), 'hex'
        ) THEN
            RAISE EXCEPTION 'The manifest of run % does not follow the one before it.', told.run_id
                USING ERRCODE = 'BL002';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION ballast.check_manifests IS 'A manifest is of the stored run and its last frame, names the newest manifest before it, and has the hash of what it says';

CREATE TRIGGER check_added AFTER INSERT ON ballast.replay_manifest
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_manifests();
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ballast.replay_manifest
    FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();
ALTER TABLE ballast.replay_manifest ENABLE ALWAYS TRIGGER check_added;
ALTER TABLE ballast.replay_manifest ENABLE ALWAYS TRIGGER refuse_change;
REVOKE ALL ON FUNCTION ballast.check_manifests FROM PUBLIC;
GRANT SELECT, INSERT ON ballast.replay_manifest TO ballast_writer;
GRANT SELECT ON ballast.replay_manifest TO ballast_reader;
GRANT SELECT ON ballast.derived_row TO ballast_writer, ballast_reader;
