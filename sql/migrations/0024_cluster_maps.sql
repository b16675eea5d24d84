-- Which symbols are one risk, as it was computed from returns: what cluster_hour names by version.

CREATE TABLE ballast.cluster_map (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    as_of bigint NOT NULL,
    valid_until bigint NOT NULL,
    clusters text NOT NULL,
    unknown text NOT NULL,
    version text NOT NULL,
    digest text NOT NULL,
    returns_count bigint NOT NULL,
    window_ns bigint NOT NULL,
    correlation bigint NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT cluster_map_of_the_past CHECK (as_of <= at AND as_of < valid_until),
    CONSTRAINT cluster_map_measured CHECK (
        returns_count > 0 AND window_ns > 0 AND correlation BETWEEN 1 AND 999999
    )
);
COMMENT ON TABLE ballast.cluster_map IS 'Which symbols are one risk from this input on, until valid_until at the latest; clusters is JSON of name and members, unknown of symbols that count in each';
COMMENT ON CONSTRAINT cluster_map_pkey ON ballast.cluster_map IS 'A row is told by its input and its place among that input''s rows, so none comes twice';
COMMENT ON CONSTRAINT cluster_map_of_the_past ON ballast.cluster_map IS 'Nobody knows the returns of tomorrow, and a map that never held is none';
COMMENT ON CONSTRAINT cluster_map_measured ON ballast.cluster_map IS 'A map comes of returns within a window, by a correlation between none and everything';
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ballast.cluster_map
    FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();
-- ALWAYS: session_replication_role switches ordinary triggers off.
ALTER TABLE ballast.cluster_map ENABLE ALWAYS TRIGGER refuse_change;
GRANT SELECT, INSERT ON ballast.cluster_map TO ballast_writer;
GRANT SELECT ON ballast.cluster_map TO ballast_reader;

-- One more table whose rows an input led to.
DO $view$
BEGIN
    EXECUTE 'CREATE OR REPLACE VIEW ballast.derived_row AS '
        || rtrim(pg_get_viewdef('ballast.derived_row'::regclass), '; ')
        || ' UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at,'
        || ' ''cluster_map''::text, sha256(convert_to(to_jsonb(r)::text, ''UTF8''))'
        || ' FROM ballast.cluster_map r';
END
$view$;
