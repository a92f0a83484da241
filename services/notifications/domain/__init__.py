"""The pure room: which moment an event is, and how a message reads. No I/O, no framework but the template engine."""
