-- What is counted under the lot's lock, or said once already by `one_vehicle_per_slot`, is kept unique by the rules alone.
-- Rows of slots and tickets are never deleted, so that there is one is not looked at for every vehicle that comes or goes.
-- Tickets arrive in the order of their numbers, so a span of time needs no index.
ALTER TABLE slots
  DROP CONSTRAINT slots_ticket_id_fkey,
  DROP CONSTRAINT one_slot_per_vehicle;
ALTER TABLE tickets
  DROP CONSTRAINT tickets_lot_id_slot_id_fkey,
  DROP CONSTRAINT admission_once;
DROP INDEX ticket_arrival;
