"""The command. Exit status: 0 all is in the books; 1 something was set aside, is missing or came twice; 2 it could not go on."""

import argparse
import asyncio
import logging
import signal
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

from aiokafka.errors import KafkaError

from contracts.topics import Topic
from deploy.examples.finance_consumer.listening import NoSuchTopicError, Source, listen
from deploy.examples.finance_consumer.report import report_of
from deploy.examples.finance_consumer.state import OtherModeError, State
from deploy.examples.finance_consumer.taking import Taking


def main(arguments: Sequence[str] | None = None) -> int:
    """Read into the books, then report on them. Returns the exit status."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    if not asked.bootstrap_servers and not asked.state.exists():
        sys.stderr.write(f"there are no books in {asked.state}: name the file, or a Kafka to read from with --bootstrap-servers\n")
        return 2
    try:
        with State.opened(asked.state, asked.mode) as state:
            if asked.bootstrap_servers:
                asyncio.run(_listen(asked, state))
            report = report_of(state)
    except (OtherModeError, NoSuchTopicError, KafkaError, sqlite3.Error) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write((report.as_json() if asked.json else report.as_text(balances=asked.balances)) + "\n")
    return 0 if report.is_sound else 1


async def _listen(asked: argparse.Namespace, state: State) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    source = Source(
        bootstrap_servers=asked.bootstrap_servers,
        topic=asked.topic,
        group=asked.group,
        # Offsets outlive a deleted file: without this, new books would begin where the old ones ended.
        from_beginning=asked.from_beginning or state.is_new(),
        until_end=asked.until_end,
        max_records=asked.max_records,
    )
    await listen(source, Taking(state, state.mode).take, stop)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="finance_consumer", description="Rebuild the journal of refunds from the platform's events.")
    parser.add_argument("--bootstrap-servers", help="Kafka; left out, nothing is read and the books are reported as they are")
    parser.add_argument("--state", type=Path, required=True, help="the SQLite file of the books; made if there is none")
    parser.add_argument(
        "--mode",
        choices=("live", "test", "all"),
        help="whose refunds to book (default: as the file was made, a new one for live merchants)",
    )
    parser.add_argument("--until-end", action="store_true", help="stop at the end of the topic; left out: at SIGINT or SIGTERM")
    parser.add_argument(
        "--from-beginning", action="store_true", help="read all again, whatever was committed; what is known changes nothing"
    )
    parser.add_argument("--balances", action="store_true", help="print the balance of each account")
    parser.add_argument("--json", action="store_true", help="print all of the report as JSON")
    parser.add_argument("--topic", default=Topic.REFUND.value)
    parser.add_argument("--group", default="finance-example", help="the consumer group that offsets are committed for")
    parser.add_argument("--max-records", type=int, default=500, help="the most records in one transaction")
    return parser


if __name__ == "__main__":
    sys.exit(main())
