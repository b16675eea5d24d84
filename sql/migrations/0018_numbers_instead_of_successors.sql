-- One key less to keep in random order. A row names its predecessor's hash, and the trigger compares
-- the two, so "one successor" and "one row a number" refuse the same forks; but numbers only grow, and
-- a key of growing integers costs a third of a key of hashes.

ALTER TABLE ballast.transfer
    DROP CONSTRAINT transfer_successor_once,
    ADD CONSTRAINT transfer_number_once UNIQUE (account_id, transfer_no);
COMMENT ON CONSTRAINT transfer_number_once ON ballast.transfer IS 'One row a number, and its predecessor is the one before: a fork of the ledger cannot be stored';
