"""What returns, parcels, inspections and shipments are, and what may happen to them. Pure: no framework, no database, no network."""
