"""Pictures are encoded again: what comes out has the same pixels and nothing else, no position, no camera, no comment."""

import struct
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from services.intake.domain.errors import UnsupportedEvidenceError

FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
MAX_PIXELS = 40_000_000
"""About 120 MB decoded. A small file can unpack to any size, so the size is read from its header before a pixel is decoded."""
JPEG_QUALITY = 90
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
"""Pillow's own, wider limit; a warning is raised where warnings are errors."""


def clean_image(source: Path, target: Path, media_type: str) -> None:
    """Decode ``source`` and write its pixels to ``target``. Raises :class:`UnsupportedEvidenceError` where it is broken or too large."""
    wanted = FORMATS[media_type]
    try:
        with Image.open(source, formats=[wanted]) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise UnsupportedEvidenceError(
                    f"The picture has {width} x {height} pixels; at most {MAX_PIXELS:,} are accepted: make it smaller."
                )
            image.load()
            pixels = _plain(_upright(image), keeps_alpha=wanted != "JPEG")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, *_BOMBS) as error:
        raise UnsupportedEvidenceError("The picture cannot be read: it is damaged or incomplete. Send it again.") from error
    pixels.info = {}  # writers copy comments and profiles from here
    options = {"quality": JPEG_QUALITY} if wanted != "PNG" else {}
    with target.open("wb") as file:
        pixels.save(file, wanted, **options)


def _upright(image: Image.Image) -> Image.Image:
    """Turn the picture as its metadata says, before that goes; broken metadata says nothing."""
    try:
        return ImageOps.exif_transpose(image)
    except (OSError, ValueError, SyntaxError, struct.error, KeyError, TypeError):
        return image


def _plain(image: Image.Image, *, keeps_alpha: bool) -> Image.Image:
    if keeps_alpha and (image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info):
        return image.convert("RGBA")
    return image.copy() if image.mode in {"RGB", "L"} else image.convert("RGB")
