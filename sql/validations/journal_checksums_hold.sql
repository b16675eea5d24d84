-- The bytes of every frame have the checksum that was written with them.

SELECT account_id, first_seq AS seq,
    format('inputs %s to %s were changed', first_seq, last_seq) AS detail
FROM ballast.journal_frame WHERE pg_catalog.sha256(records) <> checksum
