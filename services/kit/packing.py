"""Documents that are kept for good, compressed against what documents of a service have in common.

PostgreSQL compresses rows beyond 2 kB only, and each by itself. Most of a decision or a message says what every other one says, so a
dictionary of it, which zlib takes as if it stood before the document, leaves a tenth.

A packed document is a ``bytea``: the number of its dictionary, then raw deflate. One that begins with anything above 31 is plain JSON: rows of before
packing are that. **A dictionary that packed a row is never changed**, or the row could not be read; a better one gets the next number.
"""

import zlib
from importlib.resources import files
from typing import Any

from pydantic_core import from_json, to_json

_LAST_NUMBER = 31
"""JSON text begins with a greater byte."""


class Packing:
    """Packs documents with the newest of a service's dictionaries, and reads those of all."""

    def __init__(self, *dictionaries: bytes) -> None:
        """``dictionaries`` by number, from 1 on."""
        self._dictionaries = dictionaries
        self._deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_DEFAULT_STRATEGY, dictionaries[-1])

    @classmethod
    def of(cls, package: str) -> "Packing":
        """The packing of a package: the dictionaries are ``dictionary.1.txt``, ``dictionary.2.txt`` and so on in its folder ``packing``."""
        folder = files(package) / "packing"
        count = sum(file.name.startswith("dictionary.") for file in folder.iterdir())
        return cls(*((folder / f"dictionary.{number}.txt").read_bytes() for number in range(1, count + 1)))

    def pack(self, document: Any) -> bytes:
        """The bytes to store for a document: anything that pydantic can write as JSON."""
        deflate = self._deflate.copy()  # it has taken the dictionary in already
        return bytes((len(self._dictionaries),)) + deflate.compress(to_json(document)) + deflate.flush()

    def unpack(self, packed: bytes) -> Any:
        """The document as plain JSON. Raises ``zlib.error`` or ``ValueError`` for bytes that are no document, ``IndexError`` without its dictionary."""
        if packed[0] > _LAST_NUMBER:
            return from_json(packed)
        inflate = zlib.decompressobj(-zlib.MAX_WBITS, self._dictionaries[packed[0] - 1])
        return from_json(inflate.decompress(packed[1:]))

    def unpacked(self, row: Any, *names: str) -> dict[str, Any]:
        """The columns of a row, with the documents in the columns of these ``names``; a column without one stays None."""
        return dict(row) | {name: None if row[name] is None else self.unpack(row[name]) for name in names}
