"""`aftersales refund` on the example files, and on files that are wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.credit_note import CreditNote
from contracts.exchange import ExchangeQuote
from contracts.quote import Quote
from services.workflow.commands_quote import refund_app
from tests.support.worked_examples import ROOT, examples, run

EXAMPLES = ROOT / "docs" / "examples"
ORDERS = {"usd": "order-tax-on-top.json", "jpy": "order-jpy.json", "kwd": "snapshot-kwd.json"}


def order_for(request: Path) -> Path:
    return EXAMPLES / ORDERS.get(request.stem.rpartition("-")[2], "order.json")


def ask(*words: Path | str) -> None:
    refund_app([str(word) for word in words], exit_on_error=False, result_action="return_value")


def refusal(capsys: pytest.CaptureFixture[str], *words: Path | str) -> str:
    with pytest.raises(SystemExit) as ended:
        ask(*words)
    assert ended.value.code == 1
    return capsys.readouterr().err


def written(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize(("command", "output"), list(examples()), ids=[command.rpartition("/")[2] for command, _ in examples()])
def test_the_page_about_money_shows_what_the_commands_print(command: str, output: str) -> None:
    """Rewrite with: python -m tests.support.worked_examples."""
    assert run(command) == output


@pytest.mark.parametrize("request_file", sorted(EXAMPLES.glob("request-*.json")), ids=lambda path: path.stem)
def test_every_example_is_quoted_as_json_and_explained(request_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask("quote", order_for(request_file), request_file, "--json")
    quoted = Quote.model_validate_json(capsys.readouterr().out)
    ask("quote", order_for(request_file), request_file, "--json", "--explain")
    both = json.loads(capsys.readouterr().out)
    assert Quote.model_validate(both["quote"]) == quoted
    assert CreditNote.model_validate(both["credit_note"]).gross_minor == quoted.amount_minor
    ask("quote", order_for(request_file), request_file, "--explain")
    assert all(account in capsys.readouterr().out for account in {line.account for line in quoted.journal[:1]})


def test_every_kind_of_item_has_an_example() -> None:
    kinds = {item["kind"] for path in EXAMPLES.glob("request-*.json") for item in json.loads(path.read_text(encoding="utf-8"))["items"]}
    assert kinds == {"units", "compensation", "shipment", "order", "freight", "shipment_freight", "everything"}


def test_the_table_of_discount_rules_says_what_is_paid(capsys: pytest.CaptureFixture[str]) -> None:
    amounts = []
    for rule in ("stays", "moves-to-kept", "recomputed"):
        ask("quote", EXAMPLES / "order.json", EXAMPLES / f"request-discount-{rule}.json", "--json")
        amounts.append(json.loads(capsys.readouterr().out)["amount_minor"])
    assert amounts == [4950, 5500, 4600]


def test_earlier_quotes_can_be_handed_in_as_they_were_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ask("quote", EXAMPLES / "order.json", EXAMPLES / "request-compensation.json", "--json")
    first = json.loads(capsys.readouterr().out)
    for before in (first, [first]):
        ask(
            "quote",
            EXAMPLES / "order.json",
            EXAMPLES / "request-everything.json",
            "--json",
            "--prior",
            written(tmp_path / "p.json", before),
        )
        assert json.loads(capsys.readouterr().out)["amount_minor"] == 12_030 - 300


def test_an_exchange_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    ask("exchange", EXAMPLES / "order.json", EXAMPLES / "exchange.json", "--json")
    assert ExchangeQuote.model_validate_json(capsys.readouterr().out).to_refund_minor == 505


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"fee": []}, "r.json: fee: Extra inputs are not permitted: there is no such field: check the spelling"),
        ({"currency": "gbp"}, "r.json: currency: "),
        ({"items": [{"kind": "unit"}]}, "r.json: items[0]: "),
        ({"items": [{"kind": "units", "line_id": "1"}]}, "r.json: items[0].units.quantity: Field required: add it"),
        (
            {"items": [{"kind": "freight", "freight_id": "f1", "amount_minor": 1.5}]},
            "amounts are in minor units, such as 1275 for GBP 12.75",
        ),
        ({"items": [{"kind": "units", "line_id": "9", "quantity": 1}]}, "request.items names line 9, which the order does not have: use"),
        ({"currency": "EUR"}, "request.currency is EUR, but the order is in GBP: ask in the order's currency"),
    ],
)
def test_what_is_wrong_with_a_request_is_said_with_file_field_and_remedy(
    change: dict[str, Any], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = {"currency": "GBP", "items": [{"kind": "units", "line_id": "1", "quantity": 1}]}
    assert says in refusal(capsys, "quote", EXAMPLES / "order.json", written(tmp_path / "r.json", good | change))


def test_one_wrong_item_is_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    item = {"kind": "units", "line_id": "1", "quantity": 1, "amount": 3}
    told = refusal(capsys, "quote", EXAMPLES / "order.json", written(tmp_path / "r.json", {"currency": "GBP", "items": [item]}))
    assert "items[0].units.amount" in told
    assert len(told.splitlines()) == 1
    empty = refusal(capsys, "quote", EXAMPLES / "order.json", written(tmp_path / "r.json", {"currency": "GBP", "items": []}))
    assert "items: " in empty
    assert "name at least one" in empty


def test_files_that_cannot_be_read_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    request = EXAMPLES / "request-units.json"
    assert "none.json: cannot be read" in refusal(capsys, "quote", tmp_path / "none.json", request)
    broken = tmp_path / "broken.json"
    broken.write_text("{", encoding="utf-8")
    assert "broken.json: is not JSON" in refusal(capsys, "quote", broken, request)
    assert "list.json: the whole: " in refusal(capsys, "quote", written(tmp_path / "list.json", []), request)
    order = json.loads((EXAMPLES / "snapshot-kwd.json").read_text(encoding="utf-8")) | {"lines": []}
    assert "order.json: lines: " in refusal(capsys, "quote", written(tmp_path / "order.json", order), request)
    assert "prior.json: [0].lines: Field required" in refusal(
        capsys, "quote", EXAMPLES / "order.json", request, "--prior", written(tmp_path / "prior.json", [{"allocations": []}])
    )
