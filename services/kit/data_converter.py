"""How values go to Temporal and come back: pydantic models as JSON."""

from typing import Final

from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import CompositePayloadConverter, DataConverter


class _SharedPayloadConverter(CompositePayloadConverter):
    """The SDK's converter for pydantic, made once: the SDK wants a new one some twenty times per case, each with type adapters of its own."""

    def __init__(self) -> None:
        super().__init__(*_CONVERTERS)


_CONVERTERS = tuple(PydanticPayloadConverter().converters.values())

DATA_CONVERTER: Final = DataConverter(payload_converter_class=_SharedPayloadConverter)
"""What every client of the platform uses; histories of the SDK's own ``pydantic_data_converter`` read alike."""
