"""Pictures of inspections: checked by content, freed of metadata, kept in a folder under the hash of their bytes."""

import hashlib
import io
import os
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS: Final = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
MOST_PIXELS: Final = 50_000_000


class NotAnImageError(Exception):
    """The bytes are no picture of a kind we keep, or one too large to look at."""


@dataclass(frozen=True, slots=True)
class StoredPhoto:
    """What was stored."""

    sha256: str
    media_type: str
    size_bytes: int


class PhotoStore:
    """A folder of pictures. Its methods block: call them from a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, content: bytes) -> StoredPhoto:
        """Keep a picture without its metadata (place, camera, time). Raises :class:`NotAnImageError`."""
        clean, media_type = _cleaned(content)
        sha256 = hashlib.sha256(clean).hexdigest()
        path = self._path(sha256)
        if not path.exists():
            _write(path, clean)
        return StoredPhoto(sha256, media_type, len(clean))

    def read(self, sha256: str) -> bytes:
        """The bytes of a stored picture. Raises ``FileNotFoundError``."""
        return self._path(sha256).read_bytes()

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256


def _cleaned(content: bytes) -> tuple[bytes, str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=tuple(FORMATS))
            if picture.width * picture.height > MOST_PIXELS:
                raise NotAnImageError
            kind = picture.format or ""
            upright = ImageOps.exif_transpose(picture)
            bare = Image.frombytes(upright.mode, upright.size, upright.tobytes())
            if upright.mode == "P" and (palette := upright.getpalette()) is not None:
                bare.putpalette(palette)
            out = io.BytesIO()
            bare.save(out, format=kind)
    except (
        UnidentifiedImageError,
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise NotAnImageError from error
    return out.getvalue(), FORMATS[kind]


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
