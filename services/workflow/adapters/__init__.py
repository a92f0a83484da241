"""The ports, fulfilled: PostgreSQL rows and payment providers."""
