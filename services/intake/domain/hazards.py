"""Hazard hints in free text (R-PRI-07): they raise a case to urgent until an agent has looked. The text itself stays in intake."""

import re

_WORDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "electric_leakage": (
        ("漏电", "带电"),
        (r"electric(al)? leak(age|s|ing)?", r"leak(s|ing)? (current|electricity)", r"live wire", r"exposed wir(e|es|ing)"),
    ),
    "electric_shock": (("触电", "电击", "电到"), (r"electric(al)? shock", r"electrocut\w*", r"(got|gave|gives|getting) (me )?a shock")),
    "smoke": (("冒烟", "烧焦", "焦味"), (r"smok(e|ed|es|ing)", r"burn(ing|t) smell", r"smell(s|ed)? of burning", r"scorch\w*")),
    "fire": (
        ("起火", "着火", "自燃", "爆炸"),
        (r"(caught|catch(es|ing)?|on) fire", r"in flames", r"burst into flames?", r"explo(de|ded|des|sion)"),
    ),
    "medicine": (("药",), (r"medicines?", r"medication", r"drugs?", r"pills?", r"tablets? (of|for)", r"prescription")),
    "spoiled": (("变质", "腐烂", "发臭", "馊"), (r"spoil(ed|t)", r"rott(en|ing)", r"gone off", r"rancid")),
    "mould": (("发霉", "霉变"), (r"mou?ldy?",)),
}

_PATTERNS = {
    code: re.compile("|".join([*map(re.escape, chinese), *(rf"\b(?:{english})\b" for english in words)]), re.IGNORECASE)
    for code, (chinese, words) in _WORDS.items()
}


def hazard_hints(text: str | None) -> tuple[str, ...]:
    """The codes of the hazards a text hints at, in a fixed order; empty where it hints at none."""
    return tuple(code for code, pattern in _PATTERNS.items() if pattern.search(text)) if text else ()
