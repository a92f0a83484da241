"""How workflow code runs: in the SDK's sandbox, which is not entered again for each payload that goes in or out.

For each payload the SDK asks the sandboxed workflow several times in which context a codec or an external storage should see it, and each question
compiles and runs code in the sandbox. Ours are the same in every context, so that there is nothing to ask.
"""

from typing import Any

from temporalio.converter import StorageDriverStoreContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
from temporalio.workflow import Info


class ContextFreeRunner(SandboxedWorkflowRunner):
    """The sandbox, for workflows whose payloads no context changes. Not for a data converter with a codec or storage that takes one."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """A workflow in its sandbox."""
        return _ContextFree(super().create_instance(det))


class _ContextFree(WorkflowInstance):
    """A workflow that answers the questions about its payloads without its sandbox."""

    def __init__(self, sandboxed: WorkflowInstance) -> None:
        self._sandboxed = sandboxed

    def activate(self, act: Any) -> Any:
        return self._sandboxed.activate(act)

    def get_serialization_context(self, _command_info: Any) -> None:
        return None

    def get_external_store_context(self, _command_info: Any) -> StorageDriverStoreContext:
        return _NOWHERE

    def get_info(self) -> Info:
        return self._sandboxed.get_info()

    def get_thread_id(self) -> int | None:
        return self._sandboxed.get_thread_id()


_NOWHERE = StorageDriverStoreContext()
