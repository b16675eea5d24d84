-- Every full hour of a run that records them has its risk hour, beside the portfolio's of the same
-- input; it counts what the position rows are worth, those of another currency at what it would cost,
-- and its clusters add up to it.

WITH counted AS (
    SELECT h.account_id, h.run_id, h.seq, h.hour_ts, h.symbol, o.most,
        CASE WHEN h.value > 0 THEN h.value ELSE greatest(h.cost, 0) END AS worth
    FROM ballast.position_hour h
    LEFT JOIN ballast.currency_hour o
        ON o.account_id = h.account_id AND o.seq = h.seq AND o.hour_ts = h.hour_ts
            AND o.currency = split_part(h.symbol, '/', 2)
), held AS (
    SELECT c.account_id, c.seq, c.hour_ts, sum(
        CASE WHEN c.most IS NULL THEN c.worth ELSE
            ceil(c.worth * c.most * power(10::numeric, i.quote_decimals))
                / power(10::numeric, i.quote_decimals)
        END
    ) AS worth
    FROM counted c
    LEFT JOIN ballast.instrument i
        ON i.account_id = c.account_id AND i.run_id = c.run_id AND i.symbol = c.symbol
    GROUP BY c.account_id, c.seq, c.hour_ts
), grouped AS (
    SELECT account_id, seq, hour_ts, sum(positions_worth) AS worth, sum(claims_worth) AS claims,
        count(DISTINCT version) AS versions
    FROM ballast.cluster_hour GROUP BY account_id, seq, hour_ts
), refused AS (
    SELECT DISTINCT account_id, seq FROM ballast.row_refused
    WHERE table_name IN (
        'portfolio_hour', 'position_hour', 'currency_hour', 'risk_hour', 'cluster_hour'
    )
), judged AS (
    SELECT p.account_id, p.seq, p.hour_ts, CASE
        WHEN r.hour_ts IS NULL THEN 'has no risk hour'
        WHEN r.equity NOT IN (p.equity, 0) OR r.equity = 0 AND p.equity > 0 AND r.closed = ''
            THEN format('has equity %s, its risk hour %s', p.equity, r.equity)
        WHEN r.drawdown <> p.drawdown
            THEN format('has a drawdown of %s, its risk hour %s', p.drawdown, r.drawdown)
        WHEN r.positions_worth <> coalesce(h.worth, 0)
            THEN format('holds %s, its risk hour counts %s', coalesce(h.worth, 0), r.positions_worth)
        WHEN r.positions_worth <> coalesce(g.worth, 0) OR r.claims_worth <> coalesce(g.claims, 0)
            THEN format(
                'has a risk hour of %s and %s, clusters of %s and %s', r.positions_worth,
                r.claims_worth, coalesce(g.worth, 0), coalesce(g.claims, 0)
            )
        WHEN g.versions > 1 THEN 'has clusters of two versions'
    END AS fault
    FROM ballast.portfolio_hour p
    LEFT JOIN ballast.risk_hour r
        ON r.account_id = p.account_id AND r.seq = p.seq AND r.hour_ts = p.hour_ts
    LEFT JOIN held h ON h.account_id = p.account_id AND h.seq = p.seq AND h.hour_ts = p.hour_ts
    LEFT JOIN grouped g
        ON g.account_id = p.account_id AND g.seq = p.seq AND g.hour_ts = p.hour_ts
    WHERE EXISTS (
        SELECT FROM ballast.risk_hour o WHERE o.account_id = p.account_id AND o.run_id = p.run_id
    )
), alone AS (
    SELECT r.account_id, r.seq, r.hour_ts, 'has a risk hour and no portfolio' AS fault
    FROM ballast.risk_hour r
    WHERE NOT EXISTS (
        SELECT FROM ballast.portfolio_hour p
        WHERE p.account_id = r.account_id AND p.seq = r.seq AND p.hour_ts = r.hour_ts
    )
    UNION ALL
    SELECT c.account_id, c.seq, c.hour_ts, 'has clusters and no risk hour'
    FROM ballast.cluster_hour c
    WHERE NOT EXISTS (
        SELECT FROM ballast.risk_hour r
        WHERE r.account_id = c.account_id AND r.seq = c.seq AND r.hour_ts = c.hour_ts
    )
)
SELECT f.account_id, f.seq, format('hour %s %s', f.hour_ts, f.fault) AS detail
FROM (SELECT * FROM judged UNION ALL SELECT * FROM alone) f
LEFT JOIN refused x ON x.account_id = f.account_id AND x.seq = f.seq
WHERE f.fault IS NOT NULL AND x.seq IS NULL
