ALTER TABLE tickets DROP COLUMN tariff_version;
ALTER TABLE tickets DROP COLUMN tariff_id;
ALTER TABLE lots DROP COLUMN tariffs;
DROP TABLE tariff_versions;
DROP TABLE tariffs;
