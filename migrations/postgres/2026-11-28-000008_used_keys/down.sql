-- Postgres keeps rows in the order in which they come; only SQLite has something to change.
SELECT 1;
