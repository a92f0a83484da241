"""Back-fill: a file of order snapshots, one per line, sent in batches. It can be stopped and started again, and loses nothing.

What was sent is noted beside the file after each batch; what cannot be taken goes to ``FILE.rejected`` with its line number and reason, and the rest
goes on. Sending a line twice is harmless, because the highest version of an order wins.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson

BATCH_LINES = 100
BATCH_BYTES = 8 * 2**20
_FINGERPRINT_BYTES = 65_536


class ImportFileError(ValueError):
    """The file cannot be imported; the message says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file: its number (from 1), where it ends, and what stands on it."""

    number: int
    end: int
    content: bytes


@dataclass(slots=True)
class ImportState:
    """How far an import has come: bytes and lines done, and the counts so far. ``fingerprint`` tells the file from another of its name."""

    fingerprint: str
    offset: int = 0
    line: int = 0
    recorded: int = 0
    unchanged: int = 0
    superseded: int = 0
    rejected: int = 0


class BatchApi(Protocol):
    """Sends a batch of snapshots (JSON, one per line) and returns the answer of ``POST /v1/orders/batch``."""

    def send(self, lines: bytes) -> dict[str, Any]:
        """Send it, again and again until it is answered."""


class OrderImport:
    """One import of one file."""

    def __init__(self, file: Path, api: BatchApi) -> None:
        if not file.is_file():
            raise ImportFileError(f"there is no file {file}")
        self._file = file
        self._api = api
        self._notes = file.with_name(file.name + ".progress")
        self.rejected_file = file.with_name(file.name + ".rejected")
        self.size_bytes = file.stat().st_size
        self.state = self._load()

    def run(self, advanced: Callable[[ImportState], None]) -> ImportState:
        """Send what is left of the file; ``advanced`` is called after each batch. Returns the counts of the whole file."""
        for batch in _batches(self._lines()):
            self._send(batch)
            self.state.offset, self.state.line = batch[-1].end, batch[-1].number
            self._note()
            advanced(self.state)
        return self.state

    def _send(self, batch: list[Line]) -> None:
        readable = [line for line in batch if line.content and _is_json(line.content)]
        for line in batch:
            if line.content and not _is_json(line.content):
                self._reject(line, "malformed_json", "the line is not JSON")
        if not readable:
            return
        answer = self._api.send(b"\n".join(line.content for line in readable))
        for name in ("recorded", "unchanged", "superseded"):
            setattr(self.state, name, getattr(self.state, name) + answer[name])
        for entry in answer["results"]:
            if entry["result"] == "rejected":
                self._reject(readable[entry["index"]], entry["code"], entry["detail"])

    def _reject(self, line: Line, code: str, detail: str) -> None:
        self.state.rejected += 1
        with self.rejected_file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"line": line.number, "code": code, "detail": detail}, ensure_ascii=False) + "\n")

    def _lines(self) -> Iterator[Line]:
        with self._file.open("rb") as file:
            file.seek(self.state.offset)
            number = self.state.line
            while raw := file.readline():
                number += 1
                yield Line(number, file.tell(), raw.strip())

    def _load(self) -> ImportState:
        with self._file.open("rb") as file:
            fingerprint = hashlib.sha256(file.read(_FINGERPRINT_BYTES)).hexdigest()
        if self._notes.exists():
            state = ImportState(**json.loads(self._notes.read_text(encoding="utf-8")))
            if state.fingerprint == fingerprint and state.offset <= self.size_bytes:
                self._forget_rejections_after(state.line)
                return state
        self.rejected_file.unlink(missing_ok=True)
        return ImportState(fingerprint)

    def _forget_rejections_after(self, line: int) -> None:
        """Lines after the last note are judged again."""
        if self.rejected_file.exists():
            kept = [
                entry
                for entry in self.rejected_file.read_text(encoding="utf-8").splitlines(keepends=True)
                if json.loads(entry)["line"] <= line
            ]
            self.rejected_file.write_text("".join(kept), encoding="utf-8")

    def _note(self) -> None:
        draft = self._notes.with_name(self._notes.name + ".new")
        with draft.open("w", encoding="utf-8") as file:
            json.dump(asdict(self.state), file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._notes)


def _batches(lines: Iterator[Line]) -> Iterator[list[Line]]:
    batch: list[Line] = []
    size = 0
    for line in lines:
        if batch and (len(batch) == BATCH_LINES or size + len(line.content) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += len(line.content) + 1
    if batch:
        yield batch


def _is_json(content: bytes) -> bool:
    try:
        orjson.loads(content)
    except orjson.JSONDecodeError:
        return False
    return True
