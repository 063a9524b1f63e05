-- Postgres looks through a list without a table; only SQLite has something to change.
SELECT 1;
