"""How a message reads: templates by locale and moment, with amounts and times as people of that locale write them.

A template has the blocks ``subject`` and ``body``; ``base`` puts greeting, case number and contact way around it. A template that needs a
fact that is not there fails loudly (``StrictUndefined``) instead of sending half a sentence.
"""

import html
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_currency
from iso4217 import Currency
from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateError

from contracts.merchant import Merchant

LOCALES = ("en", "zh-CN")


class UnspeakableError(ValueError):
    """There is no template for the moment, or it needs a fact that is not there: nobody can say this but a person."""


_TIME_PATTERN = {"en": "d MMM yyyy HH:mm z", "zh-CN": "y年M月d日 HH:mm (z)"}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message in words."""

    subject: str
    text: str
    html: str


def language_of(locale: str) -> str:
    """The language of ours nearest to a BCP 47 tag: Chinese for any Chinese, English for all others."""
    return "zh-CN" if locale.lower().startswith("zh") else "en"


def render(moment: str, facts: dict[str, Any], *, locale: str, merchant: Merchant, case_number: str, name: str) -> Rendered:
    """Put a notice into words. ``name`` may be empty. Raises :class:`UnspeakableError`."""
    language = language_of(locale)
    values = {"reminder": False, **facts, "merchant": merchant, "case_number": case_number, "name": name.strip()}
    try:
        template = _environment(language, merchant.time_zone).get_template(f"{language}/{moment}.j2")
        subject = " ".join("".join(template.blocks["subject"](template.new_context(values))).split())
        text = _tidy(template.render(values))
    except TemplateError as error:
        raise UnspeakableError(f"{moment} in {language}: {error}") from error
    return Rendered(subject=subject, text=text, html=_as_html(text))


@cache
def _environment(language: str, time_zone: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("services.notifications", "templates"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - the templates are plain text; _as_html escapes
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    babel_locale = language.replace("-", "_")

    def money(amount_minor: int, currency: str) -> str:
        exponent = Currency(currency).exponent or 0
        return format_currency(Decimal(amount_minor).scaleb(-exponent), currency, locale=babel_locale, decimal_quantization=False)

    def when(moment: str | None) -> str:
        if moment is None:
            return ""
        return format_datetime(datetime.fromisoformat(moment), _TIME_PATTERN[language], tzinfo=ZoneInfo(time_zone), locale=babel_locale)

    environment.filters["money"] = money
    environment.filters["when"] = when
    environment.globals["language"] = language
    return environment


def _tidy(text: str) -> str:
    """At most one empty line in a row, none at the ends."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    kept = [line for index, line in enumerate(lines) if line or (index and lines[index - 1])]
    return "\n".join(kept) + "\n"


def _as_html(text: str) -> str:
    paragraphs = "".join(f"<p>{html.escape(part).replace(chr(10), '<br>')}</p>" for part in text.strip().split("\n\n"))
    return f'<div style="font-family:sans-serif;max-width:40em">{paragraphs}</div>'
