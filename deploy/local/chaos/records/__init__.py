"""Reading a run's traces where each is kept, past the services: PostgreSQL, Kafka, Temporal, the payment provider, the log files."""
