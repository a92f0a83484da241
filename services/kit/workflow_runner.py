"""How workflow code runs: without the SDK's sandbox (decision 10), and nothing of a workflow stays once it left the worker's cache.

To the SDK a workflow is its own event loop: it holds its tasks and its own objects, and they hold it. Only the garbage collector would find such a circle,
late, and until then the process grows. Emptied when it is put out of the cache, it goes at once.
"""

from typing import Any

from temporalio.converter import SerializationContext, StorageDriverStoreContext
from temporalio.worker import UnsandboxedWorkflowRunner, WorkflowInstance, WorkflowInstanceDetails
from temporalio.workflow import Info


class ForgettingRunner(UnsandboxedWorkflowRunner):
    """Runs workflows as they are, and forgets those that leave the cache."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """A workflow that can be forgotten."""
        return _Forgettable(super().create_instance(det))


class _Forgettable(WorkflowInstance):
    """A workflow that is emptied by its eviction. Where that fails, because a task of it does not end, the SDK comes again."""

    def __init__(self, instance: WorkflowInstance) -> None:
        self._instance = instance

    def activate(self, act: Any) -> Any:
        completion = self._instance.activate(act)
        if act.jobs[0].HasField("remove_from_cache"):
            state = vars(self._instance)
            for name in state.keys() - {"_deleting"}:  # a task that goes with it asks whether anybody still wants to hear of its error
                del state[name]
        return completion

    def get_serialization_context(self, command_info: Any) -> SerializationContext | None:
        return self._instance.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: Any) -> StorageDriverStoreContext:
        return self._instance.get_external_store_context(command_info)

    def get_info(self) -> Info:
        return self._instance.get_info()

    def get_thread_id(self) -> int | None:
        return self._instance.get_thread_id()
