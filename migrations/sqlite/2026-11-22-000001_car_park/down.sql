DROP TABLE epoch;
DROP TABLE journal;
DROP TABLE idempotency;
DROP TABLE slots;
DROP TABLE tickets;
DROP TABLE waiting_counts;
DROP TABLE slot_counts;
DROP TABLE lots;
