"""Personal data has one road: no canary is anywhere else."""

from collections import defaultdict
from collections.abc import Iterator

from deploy.local.chaos.checks.finding import Finding
from deploy.local.chaos.traces import Traces


def personal_data_has_one_road(traces: Traces) -> Iterator[Finding]:
    """Each place with a canary in it, with where in it first and how often."""
    places = defaultdict(list)
    for sighting in traces.sightings:
        places[sighting.place, sighting.kind].append(sighting.detail)
    for (place, kind), details in places.items():
        more = f" and {len(details) - 1} times more" if len(details) > 1 else ""
        yield Finding(f"a customer's {kind} is in {place}", details[0] + more, place)
