"""A workflow of one activity, for the worker's test; in a file of its own because the sandbox imports it again."""

from datetime import timedelta

from temporalio import workflow


@workflow.defn
class DoSlowly:
    """Does one thing that takes its time."""

    @workflow.run
    async def run(self) -> str:
        """Do it."""
        answer: str = await workflow.execute_activity("do_slowly", result_type=str, start_to_close_timeout=timedelta(seconds=30))
        return answer
