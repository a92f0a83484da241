"""The outside world and the tables: the carrier by HTTP, rows in PostgreSQL, labels as PDF, pictures on disk."""
