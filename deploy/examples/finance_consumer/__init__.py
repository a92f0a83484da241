"""A finance system that listens: it rebuilds the journal of refunds from ``aftersales.refund.v1`` (docs/finance-consumer.md).

``python -m deploy.examples.finance_consumer --bootstrap-servers HOST:PORT --state FILE.sqlite``. To be read in this order:

- :mod:`journal`: which events are booked, and as what. Pure.
- :mod:`state`: the books, in one SQLite file: inbox, entries and lines, what was set aside. :mod:`report` says what they say.
- :mod:`taking`: one record into the books, whatever is in it.
- :mod:`listening`: Kafka. The effect first, the offset afterwards.

It uses aiokafka, not FastStream, which the platform's own consumers are made of: the order of effect and commit, and reading from any offset to a given
end, are what there is to learn here, and in a plain loop they can be seen. FastStream hides that loop, and its defaults acknowledge before the effect.
"""
