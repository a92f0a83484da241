"""The mailbox's table. ``found_by`` is what a search looks through, in lower case; the raw message is kept as it came."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
  id INTEGER PRIMARY KEY AUTOINCREMENT, received_ms INTEGER NOT NULL, message_id TEXT, mail_from TEXT NOT NULL, recipients TEXT NOT NULL,
  subject TEXT NOT NULL, header_from TEXT NOT NULL, header_to TEXT NOT NULL, case_number TEXT, preview TEXT NOT NULL, has_html INTEGER NOT NULL,
  found_by TEXT NOT NULL, raw BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS message_message_id ON message (message_id);
"""
