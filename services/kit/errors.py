"""Which errors will pass by themselves and which never will: the consumers and the HTTP edge treat them differently.

::

    Exception
    ├── PermanentError    repeating it cannot help: quarantine (consumer)
    └── TransientError    the world is not ready: wait and repeat
"""

import asyncpg


class PermanentError(Exception):
    """This input can never be processed as it stands; ``reason`` (without personal data) says why, for the operator who decides."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TransientError(Exception):
    """Something needed is not available now; the same input will work later."""


_PASSING = (
    TransientError,
    OSError,  # includes refused and reset connections, missing sockets, time-outs
    asyncpg.PostgresConnectionError,
    asyncpg.InternalClientError,  # what asyncpg says when a connection is cut in the middle of its protocol
    asyncpg.TransactionRollbackError,  # serialization failures and deadlocks
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,  # shutdown, crash, cancelled statements
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby that is about to be promoted
)


def is_transient(error: BaseException) -> bool:
    """Whether waiting and repeating can help."""
    if isinstance(error, asyncpg.InterfaceError):
        # asyncpg has one class for misuse and for a connection that went away; only its words tell them apart.
        return "clos" in str(error)
    if isinstance(error, RuntimeError):
        # uvloop says so of a connection that was closed a moment ago, where asyncio's own loop would say nothing yet.
        return "handler is closed" in str(error)
    return isinstance(error, _PASSING)
