-- What a person decides about a live account is on record beside kills and reactivations.

ALTER TABLE ballast.operator_action DROP CONSTRAINT operator_action_kind;
ALTER TABLE ballast.operator_action ADD CONSTRAINT operator_action_kind CHECK (kind IN (
    'kill', 'reactivate', 'activate', 'consent', 'consent_withdrawn', 'reconcile', 'stop',
    'accept_risk', 'override_trial'
));
COMMENT ON CONSTRAINT operator_action_kind ON ballast.operator_action IS 'What nobody knows the meaning of cannot be audited';

-- Paper and live never share a database: whichever came first keeps the other out, by whatever
-- settings, account name or data folder it comes.
CREATE FUNCTION ballast.check_environment() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    begun record;
BEGIN
    PERFORM pg_catalog.pg_advisory_xact_lock(731600018);
    SELECT a.run_id, a.mode, r.mode AS kept INTO begun
    FROM added a JOIN ballast.run r ON (r.mode = 'LIVE') <> (a.mode = 'LIVE')
    WHERE a.mode IN ('LIVE', 'PAPER') AND r.mode IN ('LIVE', 'PAPER')
    ORDER BY a.ordinal LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'This database keeps % accounts; a run of mode % needs one of its own.',
            begun.kept, begun.mode
            USING ERRCODE = 'BL006';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION ballast.check_environment FROM PUBLIC;
COMMENT ON FUNCTION ballast.check_environment IS 'A database that keeps paper accounts never takes a live run, and one that keeps live accounts no run on paper (SQLSTATE BL006). Backtests have accounts of their own and may be anywhere';
CREATE TRIGGER check_environment AFTER INSERT ON ballast.run
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ballast.check_environment();
ALTER TABLE ballast.run ENABLE ALWAYS TRIGGER check_environment;
