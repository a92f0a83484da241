"""Contacts, returns, outbound shipments, parcels with their scans, receipts, photos, stock, jobs and tasks: everything logistics knows."""

from alembic import op

revision = "0001"
down_revision = None

# Personal data of the whole service stands in this one table: erasing a customer is deleting one row.
CONTACTS = """
CREATE TABLE contacts (
    customer_ref uuid PRIMARY KEY,
    contact_version bigint NOT NULL,
    recipient jsonb
)
"""

RETURNS = """
CREATE TABLE returns (
    rma_id uuid PRIMARY KEY,
    case_id uuid NOT NULL,
    case_number text NOT NULL,
    merchant_id text NOT NULL,
    order_number text NOT NULL,
    customer_ref uuid NOT NULL,
    locale text NOT NULL,
    test boolean NOT NULL,
    remedy_ordinal integer NOT NULL,
    units jsonb NOT NULL,
    freight_payer text NOT NULL,
    prepaid boolean NOT NULL,
    ship_by timestamptz NOT NULL,
    authorised_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'authorised'
        CHECK (state IN ('authorised', 'labelled', 'in_transit', 'lost', 'received', 'inspected', 'closed')),
    booking_attempt integer NOT NULL DEFAULT 1,
    booking_begun boolean NOT NULL DEFAULT false,
    own_parcel boolean NOT NULL DEFAULT false,
    carrier text,
    waybill text,
    label_carrier text,
    label_waybill text,
    label_expires_at timestamptz,
    label_cancelled boolean NOT NULL DEFAULT false,
    in_transit_at timestamptz,
    lost_at timestamptz,
    receipt_id uuid,
    received_at timestamptz,
    received_waybill text,
    inspection jsonb,
    inspected_at timestamptz,
    closed_result text,
    closed_at timestamptz,
    CHECK ((receipt_id IS NULL) = (received_at IS NULL)),
    CHECK (state NOT IN ('received', 'inspected') OR receipt_id IS NOT NULL),
    CHECK ((inspection IS NULL) = (inspected_at IS NULL)),
    CHECK (inspected_at IS NULL OR receipt_id IS NOT NULL)
);
CREATE INDEX returns_by_state ON returns (merchant_id, state, authorised_at, rma_id);
CREATE INDEX returns_by_time ON returns (merchant_id, authorised_at, rma_id);
CREATE INDEX returns_by_case_number ON returns (case_number);
CREATE INDEX returns_by_case ON returns (case_id);
"""

# A customer's own waybill may be heard of before the return it belongs to: the two come on different topics.
DECLARED_PARCELS = """
CREATE TABLE declared_parcels (
    case_id uuid PRIMARY KEY,
    carrier text NOT NULL,
    waybill text NOT NULL,
    shipped_at timestamptz NOT NULL
)
"""

SHIPMENTS = """
CREATE TABLE shipments (
    shipment_id uuid PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('reship', 'take_back')),
    rma_id uuid REFERENCES returns,
    case_id uuid NOT NULL,
    case_number text NOT NULL,
    merchant_id text NOT NULL,
    customer_ref uuid NOT NULL,
    locale text NOT NULL,
    test boolean NOT NULL,
    units jsonb NOT NULL,
    skus jsonb NOT NULL,
    ship_by timestamptz NOT NULL,
    requested_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'requested' CHECK (state IN
        ('requested', 'reserved', 'waiting_for_address', 'booked', 'shipped', 'delivered', 'cancelling', 'cancelled', 'failed', 'lost')),
    booking_attempt integer NOT NULL DEFAULT 1,
    booking_begun boolean NOT NULL DEFAULT false,
    carrier text,
    waybill text,
    address_due_at timestamptz,
    shipped_at timestamptz,
    delivered_at timestamptz,
    reason text
);
CREATE INDEX shipments_by_time ON shipments (merchant_id, requested_at, shipment_id);
CREATE INDEX shipments_by_case_number ON shipments (case_number);
CREATE INDEX shipments_waiting ON shipments (customer_ref) WHERE state = 'waiting_for_address';
"""

# A parcel without an owner is a waybill whose scans came before its booking was written down.
PARCELS = """
CREATE TABLE parcels (
    parcel_id uuid PRIMARY KEY,
    carrier text NOT NULL,
    waybill text NOT NULL,
    rma_id uuid REFERENCES returns,
    shipment_id uuid REFERENCES shipments,
    merchant_arranged boolean NOT NULL DEFAULT true,
    followed boolean NOT NULL DEFAULT false,
    underway_since timestamptz,
    status text,
    last_scan_at timestamptz,
    delivered_at timestamptz,
    lost_at timestamptz,
    damaged_at timestamptz,
    UNIQUE (carrier, waybill),
    CHECK (rma_id IS NULL OR shipment_id IS NULL)
);
CREATE INDEX parcels_by_waybill ON parcels (waybill);
CREATE TABLE scans (
    carrier text NOT NULL,
    scan_id text NOT NULL,
    waybill text NOT NULL,
    status text NOT NULL,
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (carrier, scan_id)
);
CREATE INDEX scans_by_waybill ON scans (carrier, waybill);
"""

RECEIPTS = """
CREATE TABLE receipts (
    receipt_id uuid PRIMARY KEY,
    merchant_id text NOT NULL,
    rma_id uuid UNIQUE REFERENCES returns,
    carrier text,
    waybill text,
    case_number text,
    note text,
    received_at timestamptz NOT NULL,
    received_by text NOT NULL,
    assigned_at timestamptz,
    assigned_by text
);
CREATE INDEX receipts_by_time ON receipts (merchant_id, received_at, receipt_id);
CREATE TABLE photos (
    photo_id uuid PRIMARY KEY,
    rma_id uuid NOT NULL REFERENCES returns,
    sha256 text NOT NULL,
    media_type text NOT NULL,
    size_bytes bigint NOT NULL,
    added_at timestamptz NOT NULL,
    added_by text NOT NULL,
    UNIQUE (rma_id, sha256)
);
"""

# on_hand may be counted below what is reserved; then nothing more can be reserved.
STOCK = """
CREATE TABLE stock (
    merchant_id text NOT NULL,
    sku text NOT NULL,
    on_hand bigint NOT NULL CHECK (on_hand >= 0),
    reserved bigint NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    PRIMARY KEY (merchant_id, sku)
);
CREATE TABLE reservations (
    shipment_id uuid NOT NULL REFERENCES shipments,
    merchant_id text NOT NULL,
    sku text NOT NULL,
    quantity bigint NOT NULL CHECK (quantity > 0),
    PRIMARY KEY (shipment_id, sku)
);
"""

# generation counts the times a job was armed: armed again while it runs, it runs again.
JOBS = """
CREATE TABLE jobs (
    kind text NOT NULL,
    subject uuid NOT NULL,
    state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done')),
    due_at timestamptz NOT NULL,
    generation bigint NOT NULL DEFAULT 1,
    attempts integer NOT NULL DEFAULT 0,
    claimed_until timestamptz,
    last_error text,
    trace_parent text,
    PRIMARY KEY (kind, subject)
);
CREATE INDEX jobs_due ON jobs (due_at) WHERE state = 'pending';
CREATE TABLE tasks (
    task_id uuid PRIMARY KEY,
    merchant_id text NOT NULL,
    case_id uuid NOT NULL,
    case_number text NOT NULL,
    kind text NOT NULL,
    subject uuid NOT NULL,
    detail text NOT NULL DEFAULT '',
    opened_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz
);
CREATE UNIQUE INDEX tasks_open ON tasks (kind, subject) WHERE closed_at IS NULL;
CREATE INDEX tasks_by_time ON tasks (merchant_id, opened_at, task_id);
"""


def upgrade() -> None:
    for statement in (CONTACTS, RETURNS, DECLARED_PARCELS, SHIPMENTS, PARCELS, RECEIPTS, STOCK, JOBS):
        op.execute(statement)
