"""The steps of a case's processes, each one transaction under the case's row lock and done once."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

import asyncpg

from contracts.base import Model
from contracts.progress import Progress
from services.kit.postgres import Connection, transaction
from services.kit.writing import sent_together, write
from services.workflow.adapters import agreeing, ending, reshipping, returning, waiting
from services.workflow.adapters.assessing import assess
from services.workflow.adapters.books import Books
from services.workflow.adapters.cases import CaseRow
from services.workflow.payloads.case import (
    AgreeOption,
    AssessCase,
    Because,
    Breach,
    CaseSignal,
    ChooseOption,
    CompleteRemedy,
    EndCase,
    Operation,
    Plan,
    RaiseOwner,
    ReadWord,
    Remind,
    Withdrawal,
    WithdrawCase,
    Word,
)
from services.workflow.payloads.reships import FollowReshipment, RequestReshipment, ReshipStanding
from services.workflow.payloads.returns import (
    AuthoriseReturn,
    DisputeAnswer,
    Finding,
    JudgeReturn,
    PreparedRefund,
    PreparePartial,
    ProposePartial,
    ReadAnswer,
    ReturnStanding,
)

Ask = TypeVar("Ask", bound=Operation)
Result = TypeVar("Result", bound=Model)
Step = Callable[[Books, Connection, CaseRow, Ask], Awaitable[Result]]
Answered: TypeAlias = tuple[Result, tuple[CaseSignal, ...]]
"""What a step came to, and what its process should have heard before."""


async def run_once(books: Books, step: Step[Ask, Result], result: type[Result], ask: Ask) -> Result:
    """Run a step once: lock the case, do it, keep the answer."""
    answer, _ = await _run_once(books, step, result, ask, None)
    return answer


async def begin_once(books: Books, step: Step[Ask, Result], result: type[Result], ask: Ask, workflow_id: str) -> Result:
    """Run the step that a process begins with once; its answer also has the facts that were on record for that process."""
    answer, facts = await _run_once(books, step, result, ask, workflow_id)
    return answer.model_copy(update={"facts": facts})


async def _run_once(books: Books, step: Step[Ask, Result], result: type[Result], ask: Ask, workflow_id: str | None) -> Answered[Result]:
    try:
        async with transaction(books.pool) as conn:
            return await _once(books, conn, step, result, ask, workflow_id)
    except asyncpg.UniqueViolationError:  # the step ended elsewhere while this one waited for the lock: now its answer is seen
        async with transaction(books.pool) as conn:
            return await _once(books, conn, step, result, ask, workflow_id)


async def _once(
    books: Books, conn: Connection, step: Step[Ask, Result], result: type[Result], ask: Ask, workflow_id: str | None
) -> Answered[Result]:
    row, done, facts = await books.cases.lock_for(conn, ask.case_id, ask.operation_id, workflow_id)
    if done is not None:
        return result.model_validate(done), facts
    async with sent_together(conn):
        answer = await step(books, conn, row, ask)
        await write(conn, _KEEP, ask.operation_id, ask.case_id, answer)
    return answer, facts


class CaseTransactions:
    """The steps of the case process on PostgreSQL."""

    def __init__(self, books: Books) -> None:
        self._books = books

    async def assess(self, ask: AssessCase) -> Plan:
        """Gather the facts, decide, and set out the next step; with the facts on record already, for a process that starts again."""
        if ask.because in {Because.OPENED, Because.RESUMED}:
            return await begin_once(self._books, assess, Plan, ask, f"case/{ask.case_id}")
        return await run_once(self._books, assess, Plan, ask)

    async def choose(self, ask: ChooseOption) -> Plan:
        """Take the customer's choice, or what is laid down where none came."""
        return await run_once(self._books, agreeing.choose, Plan, ask)

    async def agree(self, ask: AgreeOption) -> Plan:
        """Agree on an option whose approvals were had."""
        return await run_once(self._books, agreeing.agree, Plan, ask)

    async def complete(self, ask: CompleteRemedy) -> Plan:
        """Say that a remedy was carried out, and ask whether that solved the case."""
        return await run_once(self._books, ending.complete, Plan, ask)

    async def end(self, ask: EndCase) -> Plan:
        """Close the case."""
        return await run_once(self._books, ending.end, Plan, ask)

    async def withdraw(self, ask: WithdrawCase) -> Withdrawal:
        """Honour or refuse a withdrawal."""
        return await run_once(self._books, ending.withdraw, Withdrawal, ask)

    async def breach(self, ask: Breach) -> Progress:
        """Record a missed limit."""
        return await run_once(self._books, waiting.breach, Progress, ask)

    async def raise_owner(self, ask: RaiseOwner) -> Progress:
        """Hand the case to a person."""
        return await run_once(self._books, waiting.raise_owner, Progress, ask)

    async def remind(self, ask: Remind) -> Progress:
        """Remind the customer."""
        return await run_once(self._books, waiting.remind, Progress, ask)

    async def read_word(self, ask: ReadWord) -> Word:
        """Look up what a signal says."""
        return await run_once(self._books, waiting.read_word, Word, ask)


class ReturnTransactions:
    """The steps of the return process on PostgreSQL."""

    def __init__(self, books: Books) -> None:
        self._books = books

    async def authorise(self, ask: AuthoriseReturn) -> ReturnStanding:
        """Let the customer send the goods back; with the facts on record already, for a process that starts again."""
        return await begin_once(self._books, returning.authorise, ReturnStanding, ask, f"return/{ask.rma_id}")

    async def judge(self, ask: JudgeReturn) -> Finding:
        """Read the inspection, and prepare what is refunded at once."""
        return await run_once(self._books, returning.judge, Finding, ask)

    async def propose(self, ask: ProposePartial) -> Progress:
        """Tell the customer of a proposal."""
        return await run_once(self._books, returning.propose, Progress, ask)

    async def answer(self, ask: ReadAnswer) -> DisputeAnswer:
        """Read the customer's answer."""
        return await run_once(self._books, returning.answer, DisputeAnswer, ask)

    async def prepare(self, ask: PreparePartial) -> PreparedRefund:
        """Prepare the refund of what was settled."""
        return await run_once(self._books, returning.prepare, PreparedRefund, ask)


class ReshipTransactions:
    """The steps of the reshipment process on PostgreSQL."""

    def __init__(self, books: Books) -> None:
        self._books = books

    async def request(self, ask: RequestReshipment) -> ReshipStanding:
        """Ask logistics for new goods; with the facts on record already, for a process that starts again."""
        return await begin_once(self._books, reshipping.request, ReshipStanding, ask, f"reship/{ask.reship_id}")

    async def follow(self, ask: FollowReshipment) -> ReshipStanding:
        """Read what happened to them."""
        return await run_once(self._books, reshipping.follow, ReshipStanding, ask)


_KEEP = "INSERT INTO operations (operation_id, case_id, result) VALUES ($1, $2, $3)"
