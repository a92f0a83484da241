"""Facts as a person writes them down, as the model; what does not fit is told with its line."""

from collections.abc import Iterable

from pydantic import ValidationError

from contracts.decision_facts import Facts
from services.workflow.policy.errors import FactsError
from services.workflow.policy.suite.completing import completed
from services.workflow.policy.suite.document import Node, read_document
from services.workflow.policy.suite.names import check_names


class FactsRefusedError(FactsError):
    """Facts that the model refuses; ``place`` is file and line of what it refuses."""

    def __init__(self, field: str, problem: str, place: str) -> None:
        super().__init__(field, problem, f"see {place}")
        self.problem = problem
        self.place = place


def read_facts(text: str, name: str) -> Facts:
    """Facts from a text that is JSON or YAML, ids and references that nothing depends on filled in.

    Raises ``SuiteError`` for what is no YAML or for a name that no fact has, :class:`FactsRefusedError` for a value that does not fit.
    """
    node = read_document(text, name)
    check_names(node, Facts, "facts")
    return facts_of(completed(node))


def facts_of(node: Node) -> Facts:
    """The facts. Raises :class:`FactsRefusedError` for the first value that does not fit."""
    try:
        return Facts.model_validate(node.plain())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        problem = str(first["msg"]).removeprefix("Value error, ")
        if first["type"] == "string_type" and isinstance(first["input"], int):
            problem += f' (write "{first["input"]}" in quotes)'
        raise FactsRefusedError(field_name(first["loc"]), problem, node.nearest(first["loc"]).place) from error


def field_name(location: Iterable[str | int]) -> str:
    """A place in the facts as errors name it: ``affected[0].quantity``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location).lstrip(".")
