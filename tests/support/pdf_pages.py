"""Reads the text of a PDF as reportlab writes it: page by page, in the order of drawing, each string in the encoding of its font."""

import base64
import re
import zlib

_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_CHINESE_FONT = re.compile(rb"/Encoding /UniGB-UCS2-H /Name (/F\d+)")
_TOKEN = re.compile(r"(?P<font>/F\d+) [\d.]+ Tf|\((?P<text>(?:\\.|[^\\()])*)\) Tj|(?P<state>\b[qQ]\b)", re.DOTALL)
_ESCAPED = re.compile(r"\\([0-7]{3}|.)", re.DOTALL)
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def pages_of(pdf: bytes) -> list[list[str]]:
    """The strings of each page."""
    chinese = {name.decode() for name in _CHINESE_FONT.findall(pdf)}
    return [_strings(_drawing(match.group(1)), chinese) for match in _STREAM.finditer(pdf)]


def _drawing(stream: bytes) -> str:
    return zlib.decompress(base64.a85decode(b"<~" + stream.strip(), adobe=True)).decode("latin-1")


def _strings(drawing: str, chinese: set[str]) -> list[str]:
    font, saved, strings = "", list[str](), list[str]()
    for token in _TOKEN.finditer(drawing):
        if token["font"]:
            font = token["font"]
        elif token["state"] == "q":
            saved.append(font)
        elif token["state"] == "Q":
            font = saved.pop()
        else:
            raw = _ESCAPED.sub(_unescaped, token["text"]).encode("latin-1")
            strings.append(raw.decode("utf-16-be" if font in chinese else "cp1252"))
    return strings


def _unescaped(match: re.Match[str]) -> str:
    escaped = match[1]
    return chr(int(escaped, 8)) if len(escaped) == 3 else _PLAIN.get(escaped, escaped)
