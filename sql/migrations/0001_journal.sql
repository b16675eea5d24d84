-- One append-only stream of frames an account, written by one epoch at a time.
-- Every rule that a frame must keep is checked by one statement trigger, in the transaction that
-- writes it: leadership, continuity, the chain of roots, the checksum.

-- Why a statement was refused, as SQLSTATE: BL001 another leader has taken over, BL002 it does not
-- continue the stream, BL003 the bytes do not have their checksum, BL004 append-only.

CREATE TABLE ballast.lease (
    account_id text NOT NULL,
    epoch bigint NOT NULL CONSTRAINT lease_epoch_positive CHECK (epoch > 0),
    holder text NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (account_id, epoch)
);
COMMENT ON TABLE ballast.lease IS 'Leadership: the row with the greatest epoch leads';

CREATE TABLE ballast.run (
    account_id text NOT NULL,
    run_id text NOT NULL,
    ordinal bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    epoch bigint NOT NULL,
    mode text NOT NULL,
    feed text NOT NULL,
    genesis bytea NOT NULL CONSTRAINT run_genesis_length CHECK (length(genesis) = 32),
    first_seq bigint NOT NULL CONSTRAINT run_first_seq_positive CHECK (first_seq > 0),
    PRIMARY KEY (account_id, run_id),
    UNIQUE (account_id, ordinal)
);
COMMENT ON TABLE ballast.run IS 'Segments of the stream; a run ends where the next one begins';

CREATE TABLE ballast.run_end (
    account_id text NOT NULL,
    run_id text NOT NULL,
    epoch bigint NOT NULL,
    PRIMARY KEY (account_id, run_id),
    FOREIGN KEY (account_id, run_id) REFERENCES ballast.run
);
COMMENT ON TABLE ballast.run_end IS 'Runs that were closed cleanly';

CREATE TABLE ballast.journal_frame (
    account_id text NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    epoch bigint NOT NULL,
    run_id text NOT NULL,
    hour_ts bigint NOT NULL,
    root_before bytea NOT NULL,
    root_after bytea NOT NULL,
    checksum bytea NOT NULL,
    records bytea NOT NULL,
    PRIMARY KEY (account_id, first_seq),
    CONSTRAINT journal_frame_range CHECK (first_seq > 0 AND last_seq >= first_seq),
    CONSTRAINT journal_frame_roots CHECK (length(root_before) = 32 AND length(root_after) = 32),
    CONSTRAINT journal_frame_hour CHECK (hour_ts % 3600000000000 = 0)
);
COMMENT ON TABLE ballast.journal_frame IS 'Journalled inputs, up to about a thousand a row';
-- Compressing dense binary costs more time than it saves room.
ALTER TABLE ballast.journal_frame ALTER COLUMN records SET STORAGE EXTERNAL;

CREATE TABLE ballast.snapshot (
    account_id text NOT NULL,
    seq bigint NOT NULL,
    root bytea NOT NULL,
    run_id text NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (account_id, seq)
);
COMMENT ON TABLE ballast.snapshot IS 'States to recover from; rebuildable from the frames';
ALTER TABLE ballast.snapshot ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE FUNCTION ballast.lock_stream(account text) RETURNS void
LANGUAGE sql VOLATILE AS $$
    SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended(account, 7316));
$$;
COMMENT ON FUNCTION ballast.lock_stream IS 'One writer of a stream at a time, until its commit';

CREATE FUNCTION ballast.check_leader(account text, held bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    newest bigint := coalesce(
        (SELECT max(lease.epoch) FROM ballast.lease WHERE lease.account_id = account), 0
    );
BEGIN
    IF held <> newest THEN
        RAISE EXCEPTION 'Epoch % was replaced by epoch %; this writer must stop.', held, newest
            USING ERRCODE = 'BL001';
    END IF;
END
$$;

CREATE FUNCTION ballast.check_lease() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN SELECT * FROM added ORDER BY account_id, epoch LOOP
        PERFORM ballast.lock_stream(wanted.account_id);
        IF wanted.epoch <> 1 + (
            SELECT coalesce(max(lease.epoch), 0) FROM ballast.lease
            WHERE lease.account_id = wanted.account_id AND lease.epoch < wanted.epoch
        ) OR EXISTS (
            SELECT FROM ballast.lease
            WHERE lease.account_id = wanted.account_id AND lease.epoch > wanted.epoch
        ) THEN
            RAISE EXCEPTION 'Epoch % is not the next one.', wanted.epoch USING ERRCODE = 'BL001';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

CREATE FUNCTION ballast.check_frames() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    frame record;
    head record;
    newest record;
BEGIN
    FOR frame IN
        SELECT account_id, first_seq, last_seq, epoch, run_id, root_before,
            pg_catalog.sha256(records) = checksum AS is_whole
        FROM added ORDER BY account_id, first_seq
    LOOP
        PERFORM ballast.lock_stream(frame.account_id);
        PERFORM ballast.check_leader(frame.account_id, frame.epoch);
        SELECT last_seq, root_after INTO head FROM ballast.journal_frame
        WHERE account_id = frame.account_id AND first_seq < frame.first_seq
        ORDER BY first_seq DESC LIMIT 1;
        IF frame.first_seq <> coalesce(head.last_seq, 0) + 1 THEN
            RAISE EXCEPTION 'A frame of inputs % to % does not follow input %.',
                frame.first_seq, frame.last_seq, coalesce(head.last_seq, 0)
                USING ERRCODE = 'BL002';
        END IF;
        IF frame.root_before <> coalesce(head.root_after, decode(repeat('00', 32), 'hex')) THEN
            RAISE EXCEPTION 'The frame does not continue the root of input %.',
                coalesce(head.last_seq, 0) USING ERRCODE = 'BL002';
        END IF;
        SELECT run.run_id, run_end.run_id IS NOT NULL AS has_ended INTO newest
        FROM ballast.run LEFT JOIN ballast.run_end USING (account_id, run_id)
        WHERE account_id = frame.account_id ORDER BY ordinal DESC LIMIT 1;
        IF newest.run_id IS DISTINCT FROM frame.run_id THEN
            RAISE EXCEPTION 'Run % is not the newest run; begin it first.', frame.run_id
                USING ERRCODE = 'BL002';
        END IF;
        IF newest.has_ended THEN
            RAISE EXCEPTION 'Run % has ended; begin another.', frame.run_id
                USING ERRCODE = 'BL002';
        END IF;
        IF NOT frame.is_whole THEN
            RAISE EXCEPTION 'The frame''s records do not have the frame''s checksum.'
                USING ERRCODE = 'BL003';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

CREATE FUNCTION ballast.check_runs() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    begun record;
    head record;
BEGIN
    FOR begun IN SELECT * FROM added ORDER BY ordinal LOOP
        PERFORM ballast.lock_stream(begun.account_id);
        PERFORM ballast.check_leader(begun.account_id, begun.epoch);
        SELECT last_seq, root_after INTO head FROM ballast.journal_frame
        WHERE account_id = begun.account_id ORDER BY first_seq DESC LIMIT 1;
        IF begun.first_seq <> coalesce(head.last_seq, 0) + 1
            OR begun.genesis <> coalesce(head.root_after, decode(repeat('00', 32), 'hex'))
        THEN
            RAISE EXCEPTION 'Run % does not begin after input %.',
                begun.run_id, coalesce(head.last_seq, 0) USING ERRCODE = 'BL002';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

CREATE FUNCTION ballast.check_run_ends() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    ended record;
BEGIN
    FOR ended IN SELECT * FROM added LOOP
        PERFORM ballast.lock_stream(ended.account_id);
        PERFORM ballast.check_leader(ended.account_id, ended.epoch);
    END LOOP;
    RETURN NULL;
END
$$;

CREATE FUNCTION ballast.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused.', tg_table_name, tg_op
        USING ERRCODE = 'BL004';
END
$$;

CREATE TRIGGER check_added AFTER INSERT ON ballast.lease
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_lease();
CREATE TRIGGER check_added AFTER INSERT ON ballast.run
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_runs();
CREATE TRIGGER check_added AFTER INSERT ON ballast.run_end
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_run_ends();
CREATE TRIGGER check_added AFTER INSERT ON ballast.journal_frame
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_frames();

-- ALWAYS: session_replication_role switches ordinary triggers off.
DO $append_only$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['lease', 'run', 'run_end', 'journal_frame'] LOOP
        EXECUTE format(
            'CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ballast.%I '
            'FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change()', kept
        );
        EXECUTE format('ALTER TABLE ballast.%I ENABLE ALWAYS TRIGGER refuse_change', kept);
        EXECUTE format('ALTER TABLE ballast.%I ENABLE ALWAYS TRIGGER check_added', kept);
    END LOOP;
END
$append_only$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ballast FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ballast.lock_stream, ballast.check_leader TO ballast_writer;
GRANT SELECT, INSERT ON
    ballast.lease, ballast.run, ballast.run_end, ballast.journal_frame, ballast.snapshot
    TO ballast_writer;
GRANT SELECT ON
    ballast.lease, ballast.run, ballast.run_end, ballast.journal_frame, ballast.snapshot,
    ballast.migration
    TO ballast_reader;
GRANT SELECT ON ballast.migration TO ballast_writer;
