"""How the documents of decisions and refunds are stored."""

from typing import Final

from services.kit.packing import Packing

PACKING: Final = Packing.of("services.workflow")
