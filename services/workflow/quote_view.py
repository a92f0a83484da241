"""A quote as a person at a terminal reads it."""

from collections.abc import Callable, Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from contracts.exchange import ExchangeQuote
from contracts.order_v1 import Order
from contracts.quote import JournalLine, Quote, QuoteLine, QuoteStep, TaxPortion
from services.workflow.money.accounts import account_name, account_number
from services.workflow.money.credit_note import credit_note_of
from services.workflow.money.display import in_words
from services.workflow.money.rounding import percent

WORDS = {
    "price_difference": "now costs less",
    "discount_moved": "order discount moved onto kept units",
    "discount_restored": "order discount no longer held back",
}
KINDS = {"units": "given back", "compensation": "compensation", "freight": "outbound freight"}


def summary(order: Order, quoted: Quote) -> RenderableType:
    """What is refunded for what, what is held back, and to which payments it goes."""
    money = _writer(quoted)
    table = _table(f"Refund on order {order.number}", "what", "why", "units", "amount")
    for line in quoted.lines:
        table.add_row(_what(order, line), WORDS.get(line.cause) or KINDS[line.kind], str(line.quantity or ""), money(line.amount_minor))
    for held in quoted.deductions:
        table.add_row(held.code, f"held back, {held.rule}", "", money(-held.amount_minor))
    table.add_section()
    table.add_row("refund", "", "", money(quoted.amount_minor), style="bold")
    for each in quoted.allocations:
        table.add_row(f"  to payment {each.payment_id}", each.method, "", money(each.amount_minor))
    return table


def explanation(order: Order, quoted: Quote) -> RenderableType:
    """The summary, and every step, tax, limit, journal line and credit note line behind it."""
    return Group(calculation(order, quoted), Text(), _journal(quoted), Text(), _note(quoted))


def calculation(order: Order, quoted: Quote) -> RenderableType:
    """The summary, and every step, tax and limit behind it."""
    return Group(summary(order, quoted), Text(), _steps(order, quoted), Text(), _caps(quoted))


def booked(lines: Iterable[JournalLine], currency: str) -> RenderableType:
    """Lines of the ledger as a bookkeeper writes them: the account with its number and name, debit and credit."""
    table = _table("Ledger", "no.", "account", "tax", "debit", "credit", "memo")
    for line in lines:
        amount = in_words(abs(line.amount_minor), currency)
        rate = "" if line.tax_rate_ppm is None else percent(line.tax_rate_ppm)
        debit, credit = (amount, "") if line.amount_minor > 0 else ("", amount)
        table.add_row(account_number(line.account), account_name(line.account), rate, debit, credit, line.memo)
    return table


def difference(order: Order, found: ExchangeQuote) -> RenderableType:
    """What an exchange comes to, step by step."""
    table = _table(f"Exchange on order {order.number}", "what", "step", "rule", "amount")
    for step in found.steps:
        table.add_row("", step.label, step.rule, in_words(step.amount_minor, found.currency))
    table.add_section()
    for price in found.replacements:
        _explain(table, f"price of {price.sku}", price.steps, price.gross_minor, price.taxes, found.currency)
    word = "to collect before shipping" if found.to_collect_minor else "to give back" if found.to_refund_minor else "even: no money moves"
    table.add_row(word, "", "", in_words(found.to_collect_minor or found.to_refund_minor, found.currency), style="bold")
    return table


def _steps(order: Order, quoted: Quote) -> Table:
    money = _writer(quoted)
    table = _table(f"Step by step (order discounts: {quoted.discount_rule.replace('_', ' ')})", "what", "step", "rule", "amount")
    for line in quoted.lines:
        _explain(table, _what(order, line), line.steps, line.amount_minor, line.taxes, quoted.currency)
    for held in quoted.deductions:
        _explain(table, held.code, held.steps, held.amount_minor, held.taxes, quoted.currency)
    table.add_row("payments", "in proportion to what is left on each", "R-RFD-07", "", style="bold")
    for each in quoted.allocations:
        table.add_row("", f"to payment {each.payment_id} at {each.provider}, {each.provider_reference}", "", money(each.amount_minor))
    return table


def _explain(table: Table, what: str, steps: Iterable[QuoteStep], amount_minor: int, taxes: Iterable[TaxPortion], currency: str) -> None:
    table.add_row(what, "", "", in_words(amount_minor, currency), style="bold")
    for step in steps:
        table.add_row("", step.label, step.rule, in_words(step.amount_minor, currency))
    for tax in taxes:
        table.add_row("", f"of that tax {tax.code}, {percent(tax.rate_ppm)}", "", in_words(tax.amount_minor, currency), style="dim")
    table.add_section()


def _caps(quoted: Quote) -> Table:
    money = _writer(quoted)
    table = _table("Limits", "of", "rule", "left", "asked", "")
    for cap in quoted.caps:
        table.add_row(cap.name, cap.rule, money(cap.limit_minor), money(cap.asked_minor), "reduced" if cap.reduced else "")
    return table


def _journal(quoted: Quote) -> Table:
    money = _writer(quoted)
    table = _table("Journal (debit positive, credit negative)", "account", "memo", "amount")
    for line in quoted.journal:
        table.add_row(line.account, line.memo, money(line.amount_minor))
    table.add_section()
    table.add_row("sum", "", money(sum(line.amount_minor for line in quoted.journal)), style="bold")
    return table


def _note(quoted: Quote) -> Table:
    money, note = _writer(quoted), credit_note_of(quoted)
    table = _table("Credit note", "reference", "text", "net", "tax", "gross")
    for line in note.lines:
        tax = sum(each.amount_minor for each in line.taxes)
        table.add_row(line.reference, line.text, money(line.net_minor), money(tax), money(line.gross_minor))
    table.add_section()
    for each in note.taxes:
        table.add_row("", f"of that {each.code}, {percent(each.rate_ppm)}", "", money(each.amount_minor), "", style="dim")
    tax = sum(each.amount_minor for each in note.taxes)
    table.add_row("sum", "", money(note.net_minor), money(tax), money(note.gross_minor), style="bold")
    return table


def _writer(quoted: Quote) -> Callable[[int], str]:
    return lambda amount_minor: in_words(amount_minor, quoted.currency)


def _what(order: Order, line: QuoteLine) -> str:
    if line.line_id is None:
        return f"freight {line.freight_id}"
    bought = order.line(line.line_id)
    return f"line {line.line_id}: {bought.name or bought.sku}"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        is_amount = column in {"amount", "units", "left", "asked", "net", "tax", "gross", "debit", "credit"}
        table.add_column(column, justify="right" if is_amount else "left", no_wrap=is_amount)
    return table
