"""The payment provider of the sandbox world, over HTTP (docs/sandbox.md). Its money is play money: test merchants only."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Any, Literal
from uuid import UUID

import httpx2
from pydantic import AwareDatetime, BaseModel, ValidationError

from contracts.identifiers import SubmissionId
from services.kit import webhooks
from services.workflow.ports import (
    OutcomeUnknownError,
    ProviderMisuseError,
    ProviderRefund,
    ProviderState,
    ProviderUnavailableError,
    SettlementKind,
    SettlementLine,
    Submission,
)

NAME = "sandbox"

_REFUSALS = frozenset({"payment_not_found", "currency_mismatch", "amount_exceeds_refundable"})
"""Refusals the provider stores under the key: its own record that this submission pays nothing, now and for ever."""

_TIMEOUT = httpx2.Timeout(5.0, connect=2.0)


_STATES = {
    "pending": ProviderState.PENDING,
    "succeeded": ProviderState.SUCCEEDED,
    "failed": ProviderState.FAILED,
    "reversed": ProviderState.REVERSED,
}


class _Refund(BaseModel):
    """A refund as the provider shows it, as far as we look."""

    id: str
    status: Literal["pending", "succeeded", "failed", "reversed"]
    amount_minor: int
    currency: str
    idempotency_key: str
    failure_code: str | None = None
    settlement_reference: str | None = None


class _Webhook(BaseModel):
    type: str
    data: dict[str, Any]


class _Line(BaseModel):
    """A line of the settlement file, as far as we look."""

    reference: str
    kind: SettlementKind
    refund_id: str
    idempotency_key: str
    amount_minor: int
    currency: str
    settled_at: AwareDatetime


class SandboxProvider:
    """The port ``PaymentProvider`` on the sandbox's HTTP API. Its webhooks are signed as in Standard Webhooks, with any of ``webhook_secrets``."""

    name = NAME
    sandbox = True

    def __init__(self, client: httpx2.AsyncClient, webhook_secrets: Sequence[str] = ()) -> None:
        self._client = client
        self._webhook_secrets = tuple(webhook_secrets)

    async def submit(self, submission: Submission) -> ProviderRefund:
        """Ask for a refund under the submission's id. Raises ``OutcomeUnknownError`` or ``ProviderMisuseError``."""
        try:
            answer = await self._client.post(
                "/v1/refunds",
                json={
                    "payment_id": submission.provider_reference,
                    "amount_minor": submission.amount_minor,
                    "currency": submission.currency,
                    "merchant_reference": submission.merchant_reference,
                },
                headers={"Idempotency-Key": str(submission.submission_id)},
            )
        except httpx2.HTTPError as error:
            raise OutcomeUnknownError(f"no answer: {type(error).__name__}") from error
        if answer.is_success:
            return _read(answer.content, submission.submission_id)
        code = _error_code(answer)
        if code in _REFUSALS:
            return ProviderRefund(
                submission_id=submission.submission_id,
                state=ProviderState.FAILED,
                amount_minor=submission.amount_minor,
                currency=submission.currency,
                failure_code=code,
            )
        if code == "idempotency_conflict":
            raise ProviderMisuseError("the key was used before with another body")
        raise OutcomeUnknownError(f"status {answer.status_code}, code {code}")

    async def find(self, submission: Submission) -> ProviderRefund | None:
        """Look the submission up by its key. Raises ``ProviderUnavailableError`` or ``ProviderMisuseError``."""
        answer = await self._get("/v1/refunds", {"idempotency_key": str(submission.submission_id)})
        try:
            found = json.loads(answer)["data"]
        except (ValueError, KeyError, TypeError) as error:
            raise ProviderMisuseError("the look-up's answer cannot be read") from error
        return _read(json.dumps(found[0]).encode(), submission.submission_id) if found else None

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> ProviderRefund | None:
        """What a webhook says of a submission of ours; None where it is about something else. Raises ``Problem`` 401 or ``ProviderMisuseError``."""
        webhooks.verify(self._webhook_secrets, headers, body)
        try:
            webhook = _Webhook.model_validate_json(body)
        except ValidationError as error:
            raise ProviderMisuseError("the webhook is no JSON object with type and data") from error
        if webhook.type not in {"refund.succeeded", "refund.failed", "refund.reversed"}:
            return None
        submission_id = _ours(str(webhook.data.get("idempotency_key")))
        return None if submission_id is None else _read(json.dumps(webhook.data).encode(), submission_id)

    async def settlement_file(self, day: date) -> Sequence[SettlementLine]:
        """The provider's settlement file of a day (UTC). Raises ``ProviderUnavailableError`` or ``ProviderMisuseError``."""
        lines = (await self._get("/v1/settlements", {"date": day.isoformat()})).splitlines()
        try:
            return [_line(_Line.model_validate_json(line)) for line in lines]
        except ValidationError as error:
            raise ProviderMisuseError("the settlement file cannot be read") from error

    async def _get(self, path: str, query: dict[str, str]) -> bytes:
        try:
            answer = await self._client.get(path, params=query)
            answer.raise_for_status()
        except httpx2.HTTPError as error:
            raise ProviderUnavailableError(f"{path}: {type(error).__name__}") from error
        return answer.content


@asynccontextmanager
async def open_sandbox_provider(url: str, api_key: str, webhook_secrets: Sequence[str] = ()) -> AsyncIterator[SandboxProvider]:
    """A provider with its own connections, closed with the block."""
    async with httpx2.AsyncClient(
        base_url=url, headers={"Authorization": f"Bearer {api_key}"}, timeout=_TIMEOUT, trust_env=False
    ) as client:
        yield SandboxProvider(client, webhook_secrets)


def _read(body: bytes, submission_id: SubmissionId) -> ProviderRefund:
    try:
        refund = _Refund.model_validate_json(body)
    except ValidationError as error:
        raise ProviderMisuseError("the provider's refund cannot be read") from error
    if refund.idempotency_key != str(submission_id):
        raise ProviderMisuseError("the provider's refund carries another key")
    return ProviderRefund(
        submission_id=submission_id,
        state=_STATES[refund.status],
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        provider_refund_id=refund.id,
        failure_code=refund.failure_code,
        settlement_reference=refund.settlement_reference,
    )


def _line(row: _Line) -> SettlementLine:
    return SettlementLine(
        reference=row.reference,
        kind=row.kind,
        provider_refund_id=row.refund_id,
        submission_id=_ours(row.idempotency_key),
        amount_minor=row.amount_minor,
        currency=row.currency,
        settled_at=row.settled_at,
    )


def _ours(idempotency_key: str) -> SubmissionId | None:
    """The submission of a key, None where the key is none of ours."""
    try:
        return SubmissionId(UUID(idempotency_key))
    except ValueError:
        return None


def _error_code(answer: httpx2.Response) -> str:
    try:
        return str(answer.json()["error"]["code"])
    except (ValueError, KeyError, TypeError):
        return "unreadable"
