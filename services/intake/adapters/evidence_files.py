"""Evidence on disk, named by its hash. A file is complete and synced before its row is committed, so that a row never points at nothing."""

import asyncio
import hashlib
import os
import time
from pathlib import Path

import puremagic
from uuid_utils.compat import uuid7

from services.intake.adapters.images import FORMATS, clean_image
from services.intake.adapters.videos import clean_video
from services.intake.domain.errors import UnsupportedEvidenceError
from services.intake.domain.evidence import ACCEPTED, DOCUMENT_TYPES, IMAGE_TYPES, VIDEO_TYPES

_HEAD_BYTES = 4_096
_CHUNK = 1 << 20
_DECODERS = 2
"""Decoded pictures are large: this many at a time."""
_VIDEO_NAMES = frozenset({"video/mp4", "video/quicktime", "video/x-m4v", "video/3gpp", "audio/mp4"})
_VIDEO_BRANDS = frozenset({b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash"})


class EvidenceStore:
    """Implements :class:`services.intake.ports.EvidenceFiles` in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._incoming = folder / "incoming"
        self._incoming.mkdir(parents=True, exist_ok=True)
        self._decoders = asyncio.Semaphore(_DECODERS)

    def incoming(self) -> Path:
        """A new path to write an upload to."""
        return self._incoming / str(uuid7())

    async def keep(self, upload: Path) -> tuple[str, str, int]:
        """Check, clean and store an upload durably: SHA-256, media type, size in bytes. Raises :class:`UnsupportedEvidenceError`."""
        async with self._decoders:
            return await asyncio.to_thread(self._keep, upload)

    def path(self, sha256: str) -> Path:
        """Where the bytes of a hash are."""
        return self._folder / sha256[:2] / sha256

    def sweep(self, older_than_seconds: float) -> int:
        """Delete uploads that were never finished, such as those of a process that died. Returns how many."""
        limit = time.time() - older_than_seconds
        stale = [path for path in self._incoming.iterdir() if path.stat().st_mtime < limit]
        for path in stale:
            path.unlink(missing_ok=True)
        return len(stale)

    def _keep(self, upload: Path) -> tuple[str, str, int]:
        media_type = media_type_of(upload)
        if media_type in IMAGE_TYPES:
            cleaned = upload.with_suffix(".clean")
            try:
                clean_image(upload, cleaned, media_type)
                cleaned.replace(upload)
            finally:
                cleaned.unlink(missing_ok=True)
        elif media_type in VIDEO_TYPES:
            clean_video(upload)
        sha256, size = _hash_and_sync(upload)
        target = self.path(sha256)
        target.parent.mkdir(exist_ok=True)
        upload.replace(target)
        _sync_folder(target.parent)
        return sha256, media_type, size


def media_type_of(path: Path) -> str:
    """The media type by content; what the sender calls it does not matter. Raises :class:`UnsupportedEvidenceError`."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    for candidate in _candidates(head):
        if candidate in FORMATS or candidate in DOCUMENT_TYPES:
            return candidate
        if candidate in _VIDEO_NAMES and head[4:8] == b"ftyp" and head[8:12] in _VIDEO_BRANDS:
            return "video/mp4"
    raise UnsupportedEvidenceError(f"By its content this is not {ACCEPTED}.")


def _candidates(head: bytes) -> list[str]:
    try:
        matches = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return []
    return [match.mime_type for match in matches]


def _hash_and_sync(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with path.open("r+b") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
        os.fsync(file.fileno())
    return digest.hexdigest(), size


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
