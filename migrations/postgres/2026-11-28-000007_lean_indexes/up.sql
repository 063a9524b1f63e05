-- Rows of slots and tickets are never deleted, so that there is one is not looked at for every vehicle that comes or goes.
-- Tickets arrive in the order of their numbers, so a span of time needs no index.
ALTER TABLE slots DROP CONSTRAINT slots_ticket_id_fkey;
ALTER TABLE tickets DROP CONSTRAINT tickets_lot_id_slot_id_fkey;
DROP INDEX ticket_arrival;
