"""What went wrong with a case, as text."""

from collections.abc import Iterator

from services.workflow.policy.suite.running import Outcome


def mismatch_report(outcome: Outcome, *, trace: bool = False) -> Iterator[str]:
    """The lines that tell why a case failed; with ``trace`` also why the decision is as it is."""
    yield f"{outcome.case.place}: {outcome.case.name}" + (f"  [{outcome.policy_version}]" if outcome.policy_version else "")
    for each in outcome.mismatches:
        yield f"  {each.path or 'facts'}  ({each.place})"
        yield f"    expected  {each.expected}"
        yield f"    got       {each.got}"
    if trace and outcome.decision is not None:
        yield "  trace"
        for entry in outcome.decision.trace:
            values = ", ".join(f"{name}={value}" for name, value in entry.values.items())
            yield (
                f"    {entry.rule:<10} {entry.says}" + (f"  ({values})" if values else "") + (f"  [{entry.source}]" if entry.source else "")
            )
