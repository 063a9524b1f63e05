ALTER TABLE tickets DROP COLUMN discounts;
DROP TABLE discount_uses;
DROP TABLE discount_codes;
