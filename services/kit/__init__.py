"""The plumbing every service stands on: settings, logs, PostgreSQL, Kafka, Temporal, HTTP. It knows no service and no word of the field.

The road of a fact through it: a command or an event handler writes its rows and calls :func:`services.kit.outbox.append` in one transaction; the
:class:`~services.kit.relay.Relay` sends what was committed, in order per key; a :class:`~services.kit.consumer.Consumers` of another service reads
it, deduplicates it in its inbox and runs its handler in one transaction; what leaves PostgreSQL from there goes through ``deliveries``.
"""
