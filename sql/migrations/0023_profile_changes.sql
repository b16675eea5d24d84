-- Profiles change while a run goes on: what was asked, by whom, and what came of it; and a verdict is
-- judged by the limits that were stated last before it.

CREATE TABLE ballast.profile_change (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    change_no bigint NOT NULL,
    state text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    changes text NOT NULL,
    riskier text NOT NULL,
    due bigint NOT NULL,
    told text NOT NULL,
    version bigint NOT NULL,
    standing text NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT profile_change_state CHECK (
        state IN ('waiting', 'in_force', 'refused', 'withdrawn', 'replaced')
    ),
    CONSTRAINT profile_change_state_once UNIQUE (account_id, change_no, state),
    CONSTRAINT profile_change_not_early CHECK (state <> 'in_force' OR due <= at),
    CONSTRAINT profile_change_attributed CHECK (state = 'refused' OR (actor <> '' AND reason <> ''))
);
COMMENT ON TABLE ballast.profile_change IS 'What became of every change of the profiles, with who asked for it and why; changes is JSON of field, before, after';
COMMENT ON CONSTRAINT profile_change_pkey ON ballast.profile_change IS 'A row is told by its input and its place among that input''s rows, so none comes twice';
COMMENT ON CONSTRAINT profile_change_state ON ballast.profile_change IS 'What nobody knows the meaning of cannot be audited';
COMMENT ON CONSTRAINT profile_change_state_once ON ballast.profile_change IS 'A change comes into force, is refused, withdrawn or replaced once';
COMMENT ON CONSTRAINT profile_change_not_early ON ballast.profile_change IS 'A change that raises risk waits until it is due';
COMMENT ON CONSTRAINT profile_change_attributed ON ballast.profile_change IS 'A change without who and why is none';
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ballast.profile_change
    FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();
-- ALWAYS: session_replication_role switches ordinary triggers off.
ALTER TABLE ballast.profile_change ENABLE ALWAYS TRIGGER refuse_change;
GRANT SELECT, INSERT ON ballast.profile_change TO ballast_writer;
GRANT SELECT ON ballast.profile_change TO ballast_reader;

-- A run decides by more than one profile now; the next one must come of a change.
ALTER TABLE ballast.profile_assignment DROP CONSTRAINT profile_assignment_once;
COMMENT ON TABLE ballast.profile_assignment IS 'Which profile a run decides by, from this input on until the next one of its kind';
ALTER TABLE ballast.risk_profile DROP CONSTRAINT risk_profile_once;
COMMENT ON TABLE ballast.risk_profile IS 'The limits by which a run decides, in millionths, stated at its start and when they change';
CREATE INDEX risk_profile_of_run ON ballast.risk_profile (account_id, run_id, seq, ordinal);

CREATE FUNCTION ballast.check_risk_profiles() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    broken record;
BEGIN
    SELECT a.seq, a.ordinal INTO broken FROM added a
    WHERE EXISTS (
        SELECT FROM ballast.risk_profile p
        WHERE p.account_id = a.account_id AND p.run_id = a.run_id
            AND (p.seq, p.ordinal) < (a.seq, a.ordinal)
    ) AND NOT EXISTS (
        SELECT FROM ballast.profile_change c
        WHERE c.account_id = a.account_id AND c.seq = a.seq AND c.state = 'in_force'
    )
    ORDER BY a.seq, a.ordinal LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'Limits break risk_profile_of_change.'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'risk_profile_of_change',
                TABLE = 'risk_profile', SCHEMA = 'ballast',
                DETAIL = format('input %s, row %s', broken.seq, broken.ordinal);
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION ballast.check_risk_profiles FROM PUBLIC;
COMMENT ON FUNCTION ballast.check_risk_profiles IS 'Limits of a run change only with a change that came into force with the same input: risk_profile_of_change';
CREATE TRIGGER check_added AFTER INSERT ON ballast.risk_profile
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_risk_profiles();
ALTER TABLE ballast.risk_profile ENABLE ALWAYS TRIGGER check_added;

CREATE OR REPLACE FUNCTION ballast.check_verdicts() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    broken record;
BEGIN
    SELECT judged.* INTO broken FROM (
        SELECT a.seq, a.ordinal, CASE
            WHEN p.run_id IS NULL THEN 'risk_verdict_limits_known'
            WHEN a.tier <> t.name THEN 'risk_verdict_tier_of_drawdown'
            WHEN a.position_cap * 1000000 > least(t.cap, p.position_cap) * a.equity
                OR a.exposure_cap * 1000000 > p.exposure_cap * a.equity
                OR a.positions_max_count > t.positions_max_count
                THEN 'risk_verdict_caps_of_tier'
            WHEN a.edge_margin < p.edge_margin THEN 'risk_verdict_edge_margin_of_limits'
            WHEN a.drawdown >= p.halt_drawdown AND NOT EXISTS (
                SELECT FROM ballast.trading_state s
                WHERE s.account_id = a.account_id AND s.seq <= a.seq AND s.state <> 'Active'
            ) THEN 'risk_verdict_halt_reviewed'
        END AS rule
        FROM added a
        LEFT JOIN LATERAL (
            SELECT p.* FROM ballast.risk_profile p
            WHERE p.account_id = a.account_id AND p.run_id = a.run_id
                AND (p.seq, p.ordinal) < (a.seq, a.ordinal)
            ORDER BY p.seq DESC, p.ordinal DESC LIMIT 1
        ) p ON true
        CROSS JOIN LATERAL (
            SELECT 'defence' AS name, p.defence_cap AS cap,
                p.defence_positions_max_count AS positions_max_count
            WHERE a.drawdown >= p.defence_drawdown
            UNION ALL
            SELECT 'caution', p.caution_cap, p.caution_positions_max_count
            WHERE a.drawdown >= p.caution_drawdown AND a.drawdown < p.defence_drawdown
            UNION ALL
            SELECT 'normal', p.normal_cap, p.normal_positions_max_count
            WHERE a.drawdown < p.caution_drawdown OR p.run_id IS NULL
        ) t
        WHERE a.side = 'buy'
    ) judged
    WHERE judged.rule IS NOT NULL ORDER BY judged.seq, judged.ordinal LIMIT 1;
    IF broken.rule IS NOT NULL THEN
        RAISE EXCEPTION 'An approval breaks %.', broken.rule
            USING ERRCODE = 'check_violation', CONSTRAINT = broken.rule, TABLE = 'risk_verdict',
                SCHEMA = 'ballast', DETAIL = format('input %s, row %s', broken.seq, broken.ordinal);
    END IF;
    RETURN NULL;
END
$$;

-- One more table whose rows an input led to.
DO $view$
BEGIN
    EXECUTE 'CREATE OR REPLACE VIEW ballast.derived_row AS '
        || rtrim(pg_get_viewdef('ballast.derived_row'::regclass), '; ')
        || ' UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at,'
        || ' ''profile_change''::text, sha256(convert_to(to_jsonb(r)::text, ''UTF8''))'
        || ' FROM ballast.profile_change r';
END
$view$;
