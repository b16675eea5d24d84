-- The hour of every derived row is the full hour, UTC, of its time.

SELECT account_id, seq, format('%s at %s is filed under %s', table_name, at, hour_ts_utc) AS detail
FROM ballast.derived_row WHERE hour_ts_utc <> at - at % 3600000000000
