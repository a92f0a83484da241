"""One record into the books, whatever is in it: booked, skipped, or set aside with the reason. None stops those behind it."""

import logging
from collections.abc import Iterable
from typing import Final

from contracts.envelope import Envelope, EnvelopeError, from_headers
from contracts.registry import EVENT_TYPES, MalformedEventError, UnknownEventTypeError, parse
from deploy.examples.finance_consumer.journal import BOOKED_TYPES, UnbookableError, entry_of
from deploy.examples.finance_consumer.record import Record
from deploy.examples.finance_consumer.state import Mode, State

log = logging.getLogger(__name__)

MOST_EVENTS_OF_A_KEY: Final = 10**9
"""A number beyond it is a mistake, and would not fit the column."""


class Taking:
    """Takes records into books of one mode."""

    def __init__(self, state: State, mode: Mode) -> None:
        self._state = state
        self._mode = mode

    def take(self, records: Iterable[Record]) -> None:
        """Take records in one transaction: each with its effect and its inbox row, or none of them."""
        with self._state.transaction():
            for record in records:
                self._take(record)

    def _take(self, record: Record) -> None:
        envelope = None
        try:
            envelope = _envelope_of(record)
            if not self._state.is_done(envelope.id):
                self._apply(envelope, record.value or b"")
        except (EnvelopeError, UnknownEventTypeError, MalformedEventError, UnbookableError) as error:
            # The reason may quote the producer, never the customer: contracts carry no personal data.
            log.warning("set aside %s/%d/%d: %s", record.topic, record.partition, record.offset, error)
            self._state.set_aside(record, envelope, str(error))

    def _apply(self, envelope: Envelope, value: bytes) -> None:
        if envelope.type not in EVENT_TYPES:
            raise UnknownEventTypeError(envelope.type)
        wanted = self._mode == "all" or envelope.test == (self._mode == "test")
        entry = entry_of(envelope, parse(envelope.type, value)) if wanted and envelope.type in BOOKED_TYPES else None
        if entry is None:
            self._state.skip(envelope)
        else:
            self._state.book(envelope, entry)


def _envelope_of(record: Record) -> Envelope:
    envelope = from_headers(record.headers)
    if envelope.sequence > MOST_EVENTS_OF_A_KEY:
        raise EnvelopeError(f"ce_sequence {envelope.sequence} cannot be")
    if record.key != envelope.subject.encode():
        raise EnvelopeError("ce_subject is not the key of the record")
    return envelope
