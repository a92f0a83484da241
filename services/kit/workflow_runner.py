"""How workflow code runs: without the SDK's sandbox (decision 10), and nothing of a workflow stays once it left the worker's cache.

To the SDK a workflow is its own event loop: it holds its tasks and its own objects, and they hold it. Only the garbage collector would find such a circle,
late, and until then the process grows. Emptied when it is put out of the cache, it goes at once. (A process that waits for a child or an activity leaves a
smaller circle to the collector, through the traceback of that wait.)
"""

from threading import Lock
from typing import Any

from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import SerializationContext, StorageDriverStoreContext
from temporalio.worker import UnsandboxedWorkflowRunner, WorkflowInstance, WorkflowInstanceDetails
from temporalio.workflow import Info


class ForgettingRunner(UnsandboxedWorkflowRunner):
    """Runs workflows as they are, and forgets those that leave the cache."""

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """A workflow that can be forgotten."""
        return _Forgettable(super().create_instance(det))


class _Forgettable(WorkflowInstance):
    """A workflow that is emptied by its eviction.

    Where that fails because a task does not end, or takes longer than two seconds, the SDK comes again with the same job, maybe while a thread is still at it.
    """

    def __init__(self, instance: WorkflowInstance) -> None:
        self._instance = instance
        self._evicting = Lock()
        self._forgotten = False

    def activate(self, act: Any) -> Any:
        if not any(job.HasField("remove_from_cache") for job in act.jobs):
            return self._instance.activate(act)
        with self._evicting:
            if self._forgotten:
                return WorkflowActivationCompletion()
            completion = self._instance.activate(act)
            state = vars(self._instance)
            for name in state.keys() - {"_deleting"}:  # a task that goes with it asks whether anybody still wants to hear of its error
                del state[name]
            self._forgotten = True
            return completion

    def get_serialization_context(self, command_info: Any) -> SerializationContext | None:  # noqa: ARG002 - the SDK's signature
        """None: no converter of the platform asks what a payload belongs to, and the SDK would prepare one anew for every payload.

        A codec that asks would have to be told here.
        """
        return None

    def get_external_store_context(self, command_info: Any) -> StorageDriverStoreContext:
        return self._instance.get_external_store_context(command_info)

    def get_info(self) -> Info:
        return self._instance.get_info()

    def get_thread_id(self) -> int | None:
        return self._instance.get_thread_id()
