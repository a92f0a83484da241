"""MP4 (ISO/IEC 14496-12): user data and metadata boxes are blanked in place, so that positions and device names are gone and no offset moves."""

import struct
from pathlib import Path
from typing import BinaryIO

from services.intake.domain.errors import UnsupportedEvidenceError

_CONTAINERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"edts"})
_PERSONAL = frozenset({b"udta", b"meta", b"uuid"})
_HEADER = 8
_LARGE_HEADER = 16
_MAX_BOXES = 10_000
_CHUNK = 65_536


def clean_video(path: Path) -> None:
    """Blank the personal boxes of an MP4 file. Raises :class:`UnsupportedEvidenceError` where its boxes do not add up."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        if _walk(file, 0, size, budget=[_MAX_BOXES]) == 0:
            raise UnsupportedEvidenceError("The video has no content. Send it again.")


def _walk(file: BinaryIO, start: int, end: int, budget: list[int]) -> int:
    found = 0
    while start + _HEADER <= end:
        budget[0] -= 1
        length, kind, header = _box(file, start, end)
        if length < header or start + length > end or budget[0] < 0:
            raise UnsupportedEvidenceError("The video is damaged or incomplete. Send it again.")
        if kind in _PERSONAL:
            _blank(file, start, length, header)
        elif kind in _CONTAINERS:
            _walk(file, start + header, start + length, budget)
        start += length
        found += 1
    return found


def _box(file: BinaryIO, start: int, end: int) -> tuple[int, bytes, int]:
    """Length, type and header size of the box at ``start``. Length 1 announces a 64-bit length, 0 means to the end."""
    file.seek(start)
    raw = file.read(_LARGE_HEADER)
    length, kind = struct.unpack(">I4s", raw[:_HEADER])
    if length == 1 and len(raw) == _LARGE_HEADER:
        return struct.unpack(">Q", raw[_HEADER:])[0], kind, _LARGE_HEADER
    return (end - start if length == 0 else length), kind, _HEADER


def _blank(file: BinaryIO, start: int, length: int, header: int) -> None:
    file.seek(start + 4)
    file.write(b"free")
    file.seek(start + header)
    left = length - header
    while left > 0:
        file.write(bytes(min(left, _CHUNK)))
        left -= _CHUNK
