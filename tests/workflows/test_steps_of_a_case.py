"""The steps of a case are tried within their workflow task, and become activities where that fails."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any, NoReturn

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.testing import WorkflowEnvironment

from contracts.case_state import CaseOutcome
from services.workflow.payloads.case import AssessCase
from tests.support.case_process import RunningCase, a_running_case
from tests.support.scripted_steps import ended


def _fails(_ask: AssessCase) -> NoReturn:
    raise ConnectionError("the database is away")


async def _events(case: RunningCase) -> Counter["EventType.ValueType"]:
    return Counter(event.event_type for event in (await case.handle.fetch_history()).events)


async def test_a_step_that_succeeds_leaves_one_event(skipping: WorkflowEnvironment) -> None:
    async with a_running_case(skipping, ended(CaseOutcome.REJECTED)) as case:
        assert await case.outcome() is CaseOutcome.REJECTED
        events = await _events(case)
    assert events[EventType.EVENT_TYPE_MARKER_RECORDED] == 1
    assert events[EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED] == 0


async def test_a_step_that_fails_becomes_an_activity_that_everybody_sees_and_that_is_tried_until_it_succeeds(
    skipping: WorkflowEnvironment,
) -> None:
    async with a_running_case(skipping, _fails, _fails, ended(CaseOutcome.REJECTED)) as case:
        assert await case.outcome() is CaseOutcome.REJECTED
        events = await _events(case)
    assert events[EventType.EVENT_TYPE_MARKER_RECORDED] == 1
    assert events[EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED] == 1


async def test_a_step_that_hangs_becomes_an_activity_and_never_ends_the_case(
    skipping: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.workflow.workflows.process._WITHIN", timedelta(milliseconds=200))

    def hangs(_ask: AssessCase) -> Any:
        return asyncio.Event().wait()

    async with a_running_case(skipping, hangs, ended(CaseOutcome.REJECTED)) as case:
        assert await case.outcome() is CaseOutcome.REJECTED
        events = await _events(case)
    assert events[EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED] == 1


async def test_a_run_that_was_started_before_steps_were_tried_within_goes_on_with_activities(skipping: WorkflowEnvironment) -> None:
    async with a_running_case(skipping, ended(CaseOutcome.REJECTED), steps_within=False) as case:
        assert await case.outcome() is CaseOutcome.REJECTED
        events = await _events(case)
    assert events[EventType.EVENT_TYPE_MARKER_RECORDED] == 0
    assert events[EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED] == 1
