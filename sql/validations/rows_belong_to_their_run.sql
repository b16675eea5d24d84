-- Every derived row is of an input that is in the journal, or sealed, and in the row's own run and mode.

SELECT d.account_id, d.seq, format('%s of run %s, %s', d.table_name, d.run_id, d.mode) AS detail
FROM ballast.derived_row d
LEFT JOIN LATERAL (
    -- Frames do not overlap: the last one that begins at or before the input holds it, or none.
    SELECT last_seq, run_id FROM ballast.journal_frame
    WHERE account_id = d.account_id AND first_seq <= d.seq
    ORDER BY first_seq DESC LIMIT 1
) held ON true
LEFT JOIN LATERAL (
    SELECT last_seq, run_id FROM ballast.journal_sealed
    WHERE held.run_id IS NULL AND account_id = d.account_id AND first_seq <= d.seq
    ORDER BY first_seq DESC LIMIT 1
) sealed ON true
CROSS JOIN LATERAL (
    SELECT coalesce(held.last_seq, sealed.last_seq) AS last_seq,
        coalesce(held.run_id, sealed.run_id) AS run_id
) f
LEFT JOIN ballast.run r ON r.account_id = d.account_id AND r.run_id = d.run_id
WHERE f.run_id IS DISTINCT FROM d.run_id OR d.seq > f.last_seq OR r.mode IS DISTINCT FROM d.mode
