"""A worker that dies (``kill -9``) in the middle of paying a refund: right before or right after its call to the provider.

``python -m tests.support.dying_worker DSN PROVIDER_URL before|after`` with an ``IssueRefundInput`` as JSON on stdin.
"""

import asyncio
import os
import signal
import sys

from temporalio.testing import ActivityEnvironment

from services.workflow.adapters.provider_sandbox import SandboxProvider, open_sandbox_provider
from services.workflow.payloads.refund import IssueRefundInput
from services.workflow.ports import ProviderRefund, Submission
from tests.support.sandbox import API_KEY
from tests.support.workflow_records import a_desk


class _Deadly(SandboxProvider):
    """Calls the real provider, and dies on the way."""

    when = "before"

    async def submit(self, submission: Submission) -> ProviderRefund:
        if self.when == "after":
            await super().submit(submission)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("nobody survives this")


async def _pay(dsn: str, url: str, when: str, issue: IssueRefundInput) -> None:
    async with open_sandbox_provider(url, API_KEY) as real, a_desk(dsn) as desk:
        deadly = _Deadly(real._client)
        deadly.when = when
        await ActivityEnvironment().run(desk.activities(deadly).pay_refund, issue)


if __name__ == "__main__":
    _, dsn, url, when = sys.argv
    asyncio.run(_pay(dsn, url, when, IssueRefundInput.model_validate_json(sys.stdin.read())))
