"""How views and timelines of cases are stored."""

from typing import Final

from services.kit.packing import Packing

PACKING: Final = Packing.of("services.intake")
