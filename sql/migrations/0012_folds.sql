-- The walk-forward folds by which a model was judged, as its run states them: what each was shown,
-- and what it came to on what followed. Every other rule of folds is about several of them, and
-- stands in the validation training_folds_ascend.

CREATE TABLE ballast.training_fold (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    bundle_id text NOT NULL,
    number bigint NOT NULL,
    fit_begins bigint NOT NULL,
    fit_ends bigint NOT NULL,
    calibrate_begins bigint NOT NULL,
    calibrate_ends bigint NOT NULL,
    test_begins bigint NOT NULL,
    test_ends bigint NOT NULL,
    rows_count bigint NOT NULL,
    log_loss bigint NOT NULL,
    log_loss_of_base_rate bigint NOT NULL,
    accuracy bigint NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT training_fold_once UNIQUE (account_id, run_id, number),
    CONSTRAINT training_fold_apart CHECK (
        fit_begins < fit_ends AND fit_ends < calibrate_begins
        AND calibrate_begins < calibrate_ends AND calibrate_ends < test_begins
        AND test_begins < test_ends
    ),
    CONSTRAINT training_fold_figures CHECK (
        number >= 1 AND rows_count > 0 AND log_loss >= 0 AND log_loss_of_base_rate >= 0
        AND accuracy BETWEEN 0 AND 1000000
    )
);
COMMENT ON TABLE ballast.training_fold IS 'A walk-forward fold behind the gate''s verdict; spans end before their end, losses and accuracy are millionths of its test';
COMMENT ON CONSTRAINT training_fold_once ON ballast.training_fold IS 'A fold is told once, or nobody could say which one the gate saw';
COMMENT ON CONSTRAINT training_fold_apart ON ballast.training_fold IS 'Fitted, then calibrated, then tested, with labels apart: what was seen before its test proves nothing';
COMMENT ON CONSTRAINT training_fold_figures ON ballast.training_fold IS 'A test without labels, or beyond certainty, is none';
COMMENT ON CONSTRAINT training_fold_pkey ON ballast.training_fold IS 'A row is told by its input and its place among that input''s rows, so none comes twice';

-- ALWAYS: session_replication_role switches ordinary triggers off.
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ballast.training_fold
    FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();
ALTER TABLE ballast.training_fold ENABLE ALWAYS TRIGGER refuse_change;
GRANT SELECT, INSERT ON ballast.training_fold TO ballast_writer;
GRANT SELECT ON ballast.training_fold TO ballast_reader;
