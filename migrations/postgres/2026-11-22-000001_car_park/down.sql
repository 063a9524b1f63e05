DROP TABLE journal;
DROP TABLE idempotency;
ALTER TABLE slots DROP CONSTRAINT slots_ticket_id_fkey;
DROP TABLE tickets;
DROP TABLE slots;
DROP TABLE waiting_counts;
DROP TABLE slot_counts;
DROP TABLE lots;
