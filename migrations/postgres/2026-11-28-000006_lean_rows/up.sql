-- Rows of lots are never deleted, so that there is one is not looked at for every ticket and every line of the journal.
ALTER TABLE tickets DROP CONSTRAINT tickets_lot_id_fkey;
ALTER TABLE journal DROP CONSTRAINT journal_lot_id_fkey;
