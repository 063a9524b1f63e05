-- A key is found by a digest of it. Clients make keys at random, so in one large index each would dirty a page of its own.
-- New ones therefore go to a small table, and from there, neighbours together, to the large one.
CREATE TABLE new_keys (
  digest BLOB    PRIMARY KEY NOT NULL CHECK (length(digest) = 16),
  reply  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE used_keys (
  digest BLOB    PRIMARY KEY NOT NULL CHECK (length(digest) = 16),
  reply  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
ALTER TABLE idempotency RENAME TO idempotency_before;
CREATE TABLE idempotency (
  id          INTEGER PRIMARY KEY NOT NULL,
  principal   TEXT    NOT NULL,
  key         TEXT    NOT NULL,
  fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 32),
  status      INTEGER NOT NULL,
  location    TEXT,
  etag        TEXT,
  body        BLOB    NOT NULL,
  created_at  INTEGER NOT NULL
) STRICT;
INSERT INTO idempotency (principal, key, fingerprint, status, location, etag, body, created_at)
  SELECT * FROM idempotency_before ORDER BY rowid;
DROP TABLE idempotency_before;
