"""The messages that came: kept, searched, counted."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deploy.local.sandbox.clock import now_ms, rfc3339
from deploy.local.sandbox.errors import RefusedError
from deploy.local.sandbox.mailbox.letter import Letter, read_letter
from deploy.local.sandbox.paging import read_cursor, write_cursor
from deploy.local.sandbox.store import Row, Store

_COLUMNS = "id, received_ms, message_id, mail_from, recipients, subject, header_from, header_to, case_number, preview, has_html"
_FITS = """
WHERE (:to IS NULL OR instr(lower(recipients), lower(:to)) > 0) AND (:q IS NULL OR instr(found_by, :q) > 0)
  AND (:case_number IS NULL OR case_number = :case_number OR instr(found_by, lower(:case_number)) > 0) AND id > :after
"""
# Joined from the constants above; every value is bound.
_FIND = f"SELECT {_COLUMNS} FROM message {_FITS} AND id < :before ORDER BY id DESC LIMIT :limit"  # noqa: S608 (made of constants)
_COUNT = f"SELECT count(*) AS count FROM message {_FITS}"  # noqa: S608 (made of constants)


class MessageNotFoundError(RefusedError):
    """No message has this number."""

    status = 404
    code = "message_not_found"


@dataclass(frozen=True)
class Search:
    """What a message must fit; what is None fits all. ``after`` is a message's number."""

    to: str | None = None
    q: str | None = None
    case_number: str | None = None
    after: int = 0

    def values(self) -> Row:
        """The values of the search in SQL; an empty field of a form is no condition."""
        return {"to": self.to or None, "q": (self.q or "").lower() or None, "case_number": self.case_number or None, "after": self.after}


class Box:
    """All messages of one mailbox."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, mail_from: str, recipients: Sequence[str], letter: Letter, raw: bytes) -> int:
        """Keep a message, ``letter`` as it was read and ``raw`` as it came; durable on return; its number."""
        found_by = "\n".join((letter.subject, letter.to, *recipients, letter.case_number or "", letter.text)).lower()
        with self._store.transaction():
            return self._store.insert(
                "INSERT INTO message (received_ms, message_id, mail_from, recipients, subject, header_from, header_to, case_number, preview,"
                " has_html, found_by, raw) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(now_ms(), letter.message_id, mail_from, json.dumps(list(recipients), ensure_ascii=False), letter.subject),
                    *(letter.sender, letter.to, letter.case_number, letter.preview, int(letter.html is not None), found_by, raw),
                ),
            )

    def find(self, search: Search, cursor: str | None, limit: int) -> dict[str, Any]:
        """A page of messages, newest first, with their number in all."""
        before = 2**62 if cursor is None else read_cursor(cursor)
        values = {**search.values(), "before": before, "limit": limit + 1}
        rows = self._store.all(_FIND, values)
        more = len(rows) > limit
        rows = rows[:limit]
        next_cursor = write_cursor(rows[-1]["id"]) if more else None
        return {"data": [_show(row) for row in rows], "next_cursor": next_cursor, "total": self.count(search)}

    def count(self, search: Search) -> int:
        """How many messages fit."""
        row = self._store.one(_COUNT, search.values())
        return 0 if row is None else int(row["count"])

    def raw(self, number: int) -> bytes:
        """A message as it came. Raises MessageNotFoundError."""
        return bytes(self._row(number)["raw"])

    def read(self, number: int) -> dict[str, Any]:
        """A message with its text, HTML, headers and attachments. Raises MessageNotFoundError."""
        row = self._row(number)
        letter = read_letter(row["raw"])
        return {**_show(row), "text": letter.text, "html": letter.html, "headers": letter.headers, "attachments": letter.attachments}

    def duplicates(self) -> dict[str, Any]:
        """Message-IDs that reached the same recipients more than once, and how many copies are too many."""
        rows = self._store.all(
            "SELECT message_id, recipients, min(subject) AS subject, count(*) AS copies, group_concat(id) AS ids FROM message"
            " WHERE message_id IS NOT NULL GROUP BY message_id, recipients HAVING count(*) > 1 ORDER BY min(id)"
        )
        data = [
            {**row, "recipients": json.loads(row["recipients"]), "ids": sorted(int(number) for number in row["ids"].split(","))}
            for row in rows
        ]
        return {"count": sum(row["copies"] - 1 for row in rows), "data": data}

    def empty(self) -> None:
        """Throw all messages away; numbers are not used again."""
        self._store.run("DELETE FROM message")

    def _row(self, number: int) -> Row:
        row = self._store.one("SELECT * FROM message WHERE id = ?", (number,))
        if row is None:
            raise MessageNotFoundError(f"There is no message {number}; the list shows those there are.", "id")
        return row


def _show(row: Row) -> Row:
    return {
        "id": row["id"],
        "received_at": rfc3339(row["received_ms"]),
        "message_id": row["message_id"],
        "mail_from": row["mail_from"],
        "recipients": json.loads(row["recipients"]),
        "subject": row["subject"],
        "from": row["header_from"],
        "to": row["header_to"],
        "case_number": row["case_number"],
        "preview": row["preview"],
        "has_html": bool(row["has_html"]),
    }
