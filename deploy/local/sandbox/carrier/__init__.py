"""The carrier of the sandbox: bookings, waybills, scans told by webhook, quotes, and parcels that travel by themselves if wanted."""
