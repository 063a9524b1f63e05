-- Documents are text that the record does not read. What was published never changes: tickets name it.
CREATE TABLE tariffs (
  id       text COLLATE "C" PRIMARY KEY,
  revision bigint NOT NULL CHECK (revision >= 1),
  draft    text
);

CREATE TABLE tariff_versions (
  tariff_id    text COLLATE "C" NOT NULL REFERENCES tariffs,
  number       bigint NOT NULL CHECK (number >= 1),
  document     text   NOT NULL,
  published_at bigint NOT NULL,
  PRIMARY KEY (tariff_id, number)
);

ALTER TABLE lots ADD COLUMN tariffs text NOT NULL DEFAULT '';

-- What a stay is priced by, from the instant at which it began.
ALTER TABLE tickets
  ADD COLUMN tariff_id text COLLATE "C",
  ADD COLUMN tariff_version bigint,
  ADD CONSTRAINT tariff_if_pinned CHECK ((tariff_id IS NULL) = (tariff_version IS NULL));
