-- Documents are text that the record does not read. What was published never changes: tickets name it.
CREATE TABLE tariffs (
  id       TEXT    PRIMARY KEY NOT NULL,
  revision INTEGER NOT NULL CHECK (revision >= 1),
  draft    TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE tariff_versions (
  tariff_id    TEXT    NOT NULL REFERENCES tariffs,
  number       INTEGER NOT NULL CHECK (number >= 1),
  document     TEXT    NOT NULL,
  published_at INTEGER NOT NULL,
  PRIMARY KEY (tariff_id, number)
) STRICT, WITHOUT ROWID;

ALTER TABLE lots ADD COLUMN tariffs TEXT NOT NULL DEFAULT '';

-- What a stay is priced by, from the instant at which it began.
ALTER TABLE tickets ADD COLUMN tariff_id TEXT;
ALTER TABLE tickets ADD COLUMN tariff_version INTEGER
  CONSTRAINT tariff_if_pinned CHECK ((tariff_id IS NULL) = (tariff_version IS NULL));
