"""A process whose clock is shifted: whatever of it asks for the time is told the shifted one."""

import subprocess
import sys

_SHIFTED = """
import time
from deploy.local.chaos.shifted import shift_clocks
shift_clocks(3600)
from deploy.local.sandbox import webhook_queue
from services.kit import outbox
print(round(outbox.utc_now().timestamp() - time.time()), round(webhook_queue.now_ms() / 1000 - time.time()))
"""


def test_services_and_third_parties_read_the_shifted_time() -> None:
    told = subprocess.run([sys.executable, "-c", _SHIFTED], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["3600", "3600"]
