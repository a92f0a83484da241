"""Where things are kept: the home of a stack, and the cache of downloaded engines that all stacks of a user share."""

import os
from pathlib import Path

HOME_VARIABLE = "AFTERSALES_HOME"
CACHE_VARIABLE = "AFTERSALES_CACHE"
DEFAULT_HOME = ".aftersales"


def stack_home(home: Path | None = None) -> Path:
    """Directory of a stack's data: the argument, else ``AFTERSALES_HOME``, else ``.aftersales`` in the working directory."""
    return (home or Path(os.environ.get(HOME_VARIABLE) or DEFAULT_HOME)).expanduser().resolve()


def cache_dir() -> Path:
    """Directory of downloaded engine files: ``AFTERSALES_CACHE``, else ``aftersales`` in the user's cache directory (XDG)."""
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().resolve()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "aftersales"
