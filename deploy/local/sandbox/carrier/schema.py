"""The carrier's tables."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS shipment (
  row_number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL CHECK (kind IN ('return', 'outbound')),
  carrier TEXT NOT NULL, waybill TEXT UNIQUE, status TEXT NOT NULL, service TEXT, merchant_reference TEXT NOT NULL,
  idempotency_key TEXT NOT NULL, parcel TEXT, from_postcode TEXT, to_address TEXT, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS shipment_merchant_reference ON shipment (merchant_reference);
CREATE INDEX IF NOT EXISTS shipment_idempotency_key ON shipment (idempotency_key);
CREATE INDEX IF NOT EXISTS shipment_status ON shipment (status, updated_ms);
CREATE TABLE IF NOT EXISTS scan (
  row_number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, shipment_id TEXT NOT NULL REFERENCES shipment (id),
  sequence INTEGER NOT NULL, status TEXT NOT NULL, place TEXT, note TEXT, occurred_ms INTEGER NOT NULL, UNIQUE (shipment_id, sequence)
) STRICT;
"""
