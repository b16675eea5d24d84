-- Why every constraint and function stands here; docs/schema.md is written from these.

DO $keys$
DECLARE
    kept record;
BEGIN
    FOR kept IN
        SELECT conname, conrelid::regclass AS place FROM pg_constraint
        WHERE connamespace = 'ballast'::regnamespace AND contype = 'p'
            AND pg_get_constraintdef(oid) = 'PRIMARY KEY (account_id, seq, ordinal)'
    LOOP
        EXECUTE format(
            'COMMENT ON CONSTRAINT %I ON %s IS %L', kept.conname, kept.place,
            'A row is told by its input and its place among that input''s rows, so none comes twice'
        );
    END LOOP;
END
$keys$;

COMMENT ON CONSTRAINT lease_pkey ON ballast.lease IS 'Two leaders cannot open the same epoch';
COMMENT ON CONSTRAINT lease_epoch_positive ON ballast.lease IS 'Epoch 0 means a reader, who may not write';
COMMENT ON CONSTRAINT run_pkey ON ballast.run IS 'A run is named by what it was made of; it is registered once';
COMMENT ON CONSTRAINT run_account_id_ordinal_key ON ballast.run IS 'The runs of an account have one order';
COMMENT ON CONSTRAINT run_genesis_length ON ballast.run IS 'A root is a SHA-256';
COMMENT ON CONSTRAINT run_first_seq_positive ON ballast.run IS 'Inputs count from 1';
COMMENT ON CONSTRAINT run_end_pkey ON ballast.run_end IS 'A run ends once';
COMMENT ON CONSTRAINT run_end_account_id_run_id_fkey ON ballast.run_end IS 'Only what has begun can end';
COMMENT ON CONSTRAINT journal_frame_pkey ON ballast.journal_frame IS 'One successor only: a fork of the stream cannot be stored';
COMMENT ON CONSTRAINT journal_frame_range ON ballast.journal_frame IS 'A frame holds at least one input, counted from 1';
COMMENT ON CONSTRAINT journal_frame_roots ON ballast.journal_frame IS 'A root is a SHA-256';
COMMENT ON CONSTRAINT journal_frame_hour ON ballast.journal_frame IS 'Frames are filed under full hours, UTC';
COMMENT ON CONSTRAINT snapshot_pkey ON ballast.snapshot IS 'One snapshot an input; the first one stays';
COMMENT ON TABLE ballast.migration IS 'What made this schema: each file once, and by which version';
COMMENT ON CONSTRAINT migration_pkey ON ballast.migration IS 'A migration is applied once';
COMMENT ON CONSTRAINT verdict_slice_columns ON ballast.verdict_slice IS 'Every symbol of a slice has a value in every column';
COMMENT ON CONSTRAINT refusal_side ON ballast.refusal IS 'An intent buys or sells; there is no third side';
COMMENT ON CONSTRAINT trading_state_known ON ballast.trading_state IS 'A state nobody knows would be read as permission';
COMMENT ON CONSTRAINT trading_state_kill_level ON ballast.trading_state IS 'Kill levels are 0 off, 1 no new risk, 2 reduce, 3 flatten';
COMMENT ON CONSTRAINT order_event_side ON ballast.order_event IS 'An order buys or sells what is held; there is no short';
COMMENT ON CONSTRAINT order_event_quantity_positive ON ballast.order_event IS 'We never order nothing, less, or without limit';
COMMENT ON CONSTRAINT order_event_limit_price_positive ON ballast.order_event IS 'Every order of ours has a worst price';
COMMENT ON CONSTRAINT fill_trade_once ON ballast.fill IS 'The venue''s trade is booked once for its order, also in a later run';
COMMENT ON CONSTRAINT transfer_transfer_no_once ON ballast.transfer IS 'Transfers of a run are counted; none is booked twice';
COMMENT ON CONSTRAINT transfer_amount_positive ON ballast.transfer IS 'The direction is said by debit and credit, never by a sign';
COMMENT ON CONSTRAINT transfer_between_two ON ballast.transfer IS 'Double entry moves between two accounts';
COMMENT ON CONSTRAINT transfer_finite ON ballast.transfer IS 'NaN and Infinity are no balances';
COMMENT ON CONSTRAINT transfer_hold_covered ON ballast.transfer IS 'An order reserves only what is free: no leverage, no short';

COMMENT ON FUNCTION ballast.check_leader IS 'Only the newest epoch writes; a deposed leader is refused in its own transaction';
COMMENT ON FUNCTION ballast.check_lease IS 'Epochs are opened one by one';
COMMENT ON FUNCTION ballast.check_frames IS 'A frame continues the stream: leader, place, root, run, checksum';
COMMENT ON FUNCTION ballast.check_runs IS 'A run begins at the head, with its root as genesis';
COMMENT ON FUNCTION ballast.check_run_ends IS 'Only the leader ends a run';
COMMENT ON FUNCTION ballast.refuse_change IS 'Append-only: refuses UPDATE, DELETE and TRUNCATE, whoever asks';
