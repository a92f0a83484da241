"""Pictures are told by content, lose their metadata, and are kept under their hash."""

import io
from pathlib import Path

import pytest
from PIL import Image

from services.logistics.adapters.photo_store import NotAnImageError, PhotoStore

CAMERA = 0x0110
ORIENTATION = 0x0112


def a_picture(kind: str, mode: str = "RGB", **exif: int | str) -> bytes:
    tags = Image.Exif()
    tags[CAMERA] = "secret camera"
    tags[ORIENTATION] = exif.get("orientation", 1)
    out = io.BytesIO()
    Image.new(mode, (8, 4)).save(out, format=kind, exif=tags)
    return out.getvalue()


@pytest.mark.parametrize(("kind", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")])
def test_a_picture_is_kept_without_its_metadata(tmp_path: Path, kind: str, media_type: str) -> None:
    store = PhotoStore(tmp_path)
    picture = a_picture(kind)
    assert b"secret camera" in picture
    stored = store.add(picture)
    kept = store.read(stored.sha256)
    assert stored.media_type == media_type
    assert stored.size_bytes == len(kept)
    assert b"secret camera" not in kept
    with Image.open(io.BytesIO(kept)) as image:
        assert image.size == (8, 4)


def test_a_picture_is_turned_upright_before_the_camera_is_forgotten(tmp_path: Path) -> None:
    store = PhotoStore(tmp_path)
    with Image.open(io.BytesIO(store.read(store.add(a_picture("JPEG", orientation=6)).sha256))) as image:
        assert image.size == (4, 8)


def test_a_palette_picture_keeps_its_colours(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("RGB", (4, 4), (200, 10, 30)).quantize(4).save(out, format="PNG")
    store = PhotoStore(tmp_path)
    with Image.open(io.BytesIO(store.read(store.add(out.getvalue()).sha256))) as image:
        assert image.convert("RGB").getpixel((0, 0)) == (200, 10, 30)


def test_the_same_picture_again_is_the_same_file(tmp_path: Path) -> None:
    store = PhotoStore(tmp_path)
    assert store.add(a_picture("PNG")) == store.add(a_picture("PNG"))
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff\xd8\xff\xe0 no picture", b"%PDF-1.7", a_picture("JPEG")[:40]])
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(NotAnImageError):
        PhotoStore(tmp_path).add(content)
    assert not list(tmp_path.iterdir())
