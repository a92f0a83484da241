"""The three engines on one machine: Apache Kafka, the Temporal server, PostgreSQL. Real ones, started as child processes."""
