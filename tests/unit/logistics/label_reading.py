"""Reads what a label PDF shows: its text, and the Code 128 symbol (ISO/IEC 15417) from the widths of the drawn bars."""

import base64
import re
import zlib
from itertools import pairwise

from reportlab.graphics.barcode.code128 import _patterns  # type: ignore[attr-defined] # the table of symbols; its stubs name public things only

_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_RECT = re.compile(r"n (-?[\d.]+) (-?[\d.]+) (-?[\d.]+) (-?[\d.]+) re f")
_STRING = re.compile(r"(?P<chinese>/F\d+ [\d.]+ Tf [\d.]+ TL )?\((?P<text>(?:\\.|[^\\()])*)\) Tj")
_OCTAL = re.compile(r"\\([0-7]{3}|.)", re.DOTALL)
_START_B, _START_C, _TO_C, _TO_B, _STOP = 104, 105, 99, 100, 106
_CODES = {tuple("abcd".index(width.lower()) + 1 for width in pattern): code for code, pattern in _patterns.items()}


def content_of(pdf: bytes) -> str:
    """The drawing instructions of the page, a character per byte."""
    streams = (match.group(1).strip() for match in _STREAM.finditer(pdf))
    return "".join(zlib.decompress(base64.a85decode(b"<~" + stream, adobe=True)).decode("latin-1") for stream in streams)


def text_of(pdf: bytes) -> list[str]:
    """The lines of text, as drawn."""
    lines = []
    for match in _STRING.finditer(content_of(pdf)):
        raw = _OCTAL.sub(_unescape, match["text"])
        lines.append(raw.encode("latin-1").decode("utf-16-be" if match["chinese"] else "cp1252"))
    return lines


def barcode_of(pdf: bytes) -> str:
    """The value of the Code 128 symbol, its check character verified."""
    bars = [(float(x), float(width)) for x, _y, width, height in _RECT.findall(content_of(pdf)) if float(height) > 4 * float(width)]
    module = min(width for _x, width in bars)
    widths = [round(bars[0][1] / module)]
    for (x, width), (next_x, next_width) in pairwise(bars):
        widths += [round((next_x - x - width) / module), round(next_width / module)]
    codes = [_CODES[tuple(widths[start : start + 6])] for start in range(0, len(widths) - 7, 6)]
    assert _CODES[tuple(widths[-7:])] == _STOP
    start, *data, check = codes
    assert (start + sum(position * code for position, code in enumerate(data, start=1))) % 103 == check
    return _value(start, data)


def _value(start: int, data: list[int]) -> str:
    pairs, value = start == _START_C, ""
    for code in data:
        if code == (_TO_B if pairs else _TO_C):
            pairs = not pairs
        else:
            value += f"{code:02}" if pairs else chr(code + 32)
    assert start in {_START_B, _START_C}
    return value


def _unescape(match: re.Match[str]) -> str:
    escaped = match.group(1)
    return chr(int(escaped, 8)) if len(escaped) == 3 else {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}.get(escaped, escaped)
