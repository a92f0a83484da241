"""Logistics: return labels, parcels and their scans, receipts and inspections, reshipments, and the addresses goods go to."""
