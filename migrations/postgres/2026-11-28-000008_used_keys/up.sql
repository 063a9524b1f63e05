-- Postgres finds keys by its own index; only SQLite has something to change.
SELECT 1;
