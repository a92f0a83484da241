"""Pictures that customers and the warehouse send: drawn from a word and a seed, so that each is another and a run repeats them."""

import io
from random import Random

from PIL import Image, ImageDraw

_SIZE = (320, 240)
_SHAPES = 6


def picture(seed: str, shows: str) -> bytes:
    """A small JPEG that says what it shows."""
    random = Random(seed)  # noqa: S311 - a reproducible drawing, nothing secret
    image = Image.new("RGB", _SIZE, tuple(random.randint(120, 230) for _ in range(3)))
    draw = ImageDraw.Draw(image)
    for _ in range(_SHAPES):
        left, top = random.randint(0, _SIZE[0] - 60), random.randint(0, _SIZE[1] - 60)
        box = (left, top, left + random.randint(20, 60), top + random.randint(20, 60))
        draw.rectangle(box, fill=tuple(random.randint(0, 255) for _ in range(3)))
    draw.text((10, 10), shows, fill=(0, 0, 0))
    content = io.BytesIO()
    image.save(content, "JPEG", quality=70)
    return content.getvalue()
