"""The numbers an operator watches, in Prometheus' text format. Labels never carry ids or personal data."""

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

EVENTS_SENT = Counter("aftersales_outbox_sent", "Events sent to Kafka by the relay.", ["service"])
OUTBOX_AGE = Gauge("aftersales_outbox_oldest_unsent_seconds", "Age of the oldest event that was not sent yet.", ["service"])
RELAY_LEADER = Gauge("aftersales_relay_leader", "1 where this process is the one that sends.", ["service"])

EVENTS_HANDLED = Counter("aftersales_inbox_handled", "Events whose effect was committed.", ["topic"])
EVENTS_REPEATED = Counter("aftersales_inbox_repeated", "Events that had been handled before.", ["topic"])
EVENTS_LOST = Counter("aftersales_inbox_sequence_missing", "Sequence numbers that were skipped over: events lost or late.", ["topic"])
EVENTS_LATE = Counter("aftersales_inbox_sequence_late", "New events that came after a later one of their key.", ["topic"])
EVENTS_QUARANTINED = Counter("aftersales_quarantined", "Records put into quarantine.", ["topic", "kind"])
BATCH_SECONDS = Histogram("aftersales_inbox_batch_seconds", "Time from a batch's arrival to its commit.", ["topic"])

DELIVERIES = Counter("aftersales_deliveries", "Deliveries by outcome.", ["service", "outcome"])
DELIVERY_AGE = Gauge("aftersales_delivery_oldest_pending_seconds", "Age of the oldest pending delivery.", ["service"])

HTTP_SECONDS = Histogram("aftersales_http_seconds", "Time to answer.", ["method", "route", "status"])


def render() -> tuple[bytes, str]:
    """All metrics of the process and their content type."""
    return generate_latest(), CONTENT_TYPE_LATEST
