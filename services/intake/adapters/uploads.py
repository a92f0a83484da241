"""Receiving a file while counting it: raw, or as a part of ``multipart/form-data`` (RFC 7578). No framework spools it anywhere first."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from services.intake.domain.errors import InvalidError, TooLargeError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks  # exists for type checkers only

_FILE_FIELD = b"file"
_MAX_FIELD_BYTES = 200


async def receive_raw(stream: AsyncIterator[bytes], target: Path, limit: int) -> None:
    """Write a body to ``target``. Raises :class:`TooLargeError` at the first byte beyond ``limit``, :class:`InvalidError` where it is empty."""
    with target.open("wb") as file:
        counted = _Counted(file, limit)
        async for chunk in stream:
            counted.write(chunk)
    counted.require_content()


async def receive_multipart(stream: AsyncIterator[bytes], content_type: str, target: Path, limit: int) -> dict[str, str]:
    """Write the part ``file`` to ``target`` and return the other fields. Raises as :func:`receive_raw`, and for a malformed body."""
    _kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not boundary:
        raise InvalidError("The multipart body has no boundary.", code="malformed_multipart")
    with target.open("wb") as file:
        parts = _Parts(_Counted(file, limit))
        try:
            parser = MultipartParser(boundary, parts.callbacks())
            async for chunk in stream:
                parser.write(chunk)
            parser.finalize()
        except MultipartParseError as error:
            raise InvalidError("The multipart body is malformed.", code="malformed_multipart") from error
    parts.file.require_content()
    return parts.fields


class _Counted:
    """A file that takes so many bytes and no more."""

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self._file = file
        self._limit = limit
        self._size = 0

    def write(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._limit:
            raise TooLargeError(f"At most {self._limit} bytes are accepted.")
        self._file.write(data)

    def require_content(self) -> None:
        if self._size == 0:
            raise InvalidError("There is no file in the body: send it raw, or as a multipart part named file.", code="empty_file")


class _Parts:
    """Collects the parts of a form as the parser finds them."""

    def __init__(self, file: _Counted) -> None:
        self.file = file
        self.fields: dict[str, str] = {}
        self._header_name = b""
        self._header_value = b""
        self._field = b""
        self._value = b""

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._name,
            "on_header_value": self._content,
            "on_header_end": self._header,
            "on_part_data": self._data,
            "on_part_end": self._end,
        }

    def _begin(self) -> None:
        self._field, self._value = b"", b""

    def _name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _content(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _header(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            _kind, options = parse_options_header(self._header_value)
            self._field = options.get(b"name", b"")
        self._header_name, self._header_value = b"", b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._field == _FILE_FIELD:
            self.file.write(data[start:end])
        elif len(self._value) + end - start <= _MAX_FIELD_BYTES:
            self._value += data[start:end]
        else:
            raise InvalidError("A form field is too long.", code="malformed_multipart")

    def _end(self) -> None:
        if self._field and self._field != _FILE_FIELD:
            self.fields[self._field.decode("utf-8", "replace")] = self._value.decode("utf-8", "replace")
