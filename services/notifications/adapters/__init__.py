"""The outside: PostgreSQL and SMTP."""
