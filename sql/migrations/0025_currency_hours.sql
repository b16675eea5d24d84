-- What an account has in each quote currency besides its reporting one at a full hour: its cash, its
-- worth by the rate of that hour, and what the currency gained, apart from profit.

CREATE TABLE ballast.currency_hour (
    account_id text NOT NULL,
    run_id text NOT NULL,
    mode text NOT NULL,
    hour_ts_utc bigint NOT NULL,
    seq bigint NOT NULL,
    ordinal integer NOT NULL,
    at bigint NOT NULL,
    hour_ts bigint NOT NULL,
    currency text NOT NULL,
    free numeric NOT NULL,
    held numeric NOT NULL,
    holdings numeric NOT NULL,
    worth numeric NOT NULL,
    least numeric NOT NULL,
    most numeric NOT NULL,
    rate_ts bigint NOT NULL,
    realised numeric NOT NULL,
    fees numeric NOT NULL,
    paid_in numeric NOT NULL,
    gain numeric NOT NULL,
    PRIMARY KEY (account_id, seq, ordinal),
    CONSTRAINT currency_hour_once UNIQUE (account_id, run_id, hour_ts, currency),
    CONSTRAINT currency_hour_full CHECK (hour_ts % 3600000000000 = 0 AND hour_ts <= at),
    CONSTRAINT currency_hour_finite CHECK (
        abs(free) < 'Infinity' AND abs(held) < 'Infinity' AND abs(holdings) < 'Infinity'
        AND abs(worth) < 'Infinity' AND most < 'Infinity' AND abs(realised) < 'Infinity'
        AND abs(fees) < 'Infinity' AND abs(paid_in) < 'Infinity' AND abs(gain) < 'Infinity'
    ),
    CONSTRAINT currency_hour_rate CHECK (
        0 <= least AND least <= most AND (rate_ts = 0) = (most = 0) AND rate_ts <= at
    ),
    CONSTRAINT currency_hour_worth CHECK (
        (holdings < 0 OR worth <= holdings * least) AND (holdings >= 0 OR worth <= holdings * most)
        AND (rate_ts > 0 OR gain = 0)
    )
);
COMMENT ON TABLE ballast.currency_hour IS 'What an account has in another currency than its reporting one at a full hour; worth, paid_in and gain are in reporting currency';
COMMENT ON CONSTRAINT currency_hour_pkey ON ballast.currency_hour IS 'A row is told by its input and its place among that input''s rows, so none comes twice';
COMMENT ON CONSTRAINT currency_hour_once ON ballast.currency_hour IS 'A currency has one worth in an hour of a run';
COMMENT ON CONSTRAINT currency_hour_full ON ballast.currency_hour IS 'Hours are UTC and full, and nobody records one before it is over';
COMMENT ON CONSTRAINT currency_hour_finite ON ballast.currency_hour IS 'What is not a number is no amount';
COMMENT ON CONSTRAINT currency_hour_rate ON ballast.currency_hour IS 'A rate was told before it was used, a sale brings no more than a purchase costs, and no rate is zeros';
COMMENT ON CONSTRAINT currency_hour_worth ON ballast.currency_hour IS 'Nothing is worth more than its sale would bring, and without a rate nothing was gained by one';
CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ballast.currency_hour
    FOR EACH STATEMENT EXECUTE FUNCTION ballast.refuse_change();
-- ALWAYS: session_replication_role switches ordinary triggers off.
ALTER TABLE ballast.currency_hour ENABLE ALWAYS TRIGGER refuse_change;
GRANT SELECT, INSERT ON ballast.currency_hour TO ballast_writer;
GRANT SELECT ON ballast.currency_hour TO ballast_reader;

-- One more table whose rows an input led to.
DO $view$
BEGIN
    EXECUTE 'CREATE OR REPLACE VIEW ballast.derived_row AS '
        || rtrim(pg_get_viewdef('ballast.derived_row'::regclass), '; ')
        || ' UNION ALL SELECT account_id, run_id, mode, hour_ts_utc, seq, ordinal, at,'
        || ' ''currency_hour''::text, sha256(convert_to(to_jsonb(r)::text, ''UTF8''))'
        || ' FROM ballast.currency_hour r';
END
$view$;
