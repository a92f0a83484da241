"""Make ``.venv`` from the pinned, hashed requirement files. Standard library only; run it with any ``python3``.

Running it again changes nothing and needs no network as long as the lock files, the project's metadata and the interpreter are the same.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
LOCKS = [ROOT / "requirements" / name for name in ("runtime.txt", "local.txt", "dev.txt")]
STAMP = VENV / ".aftersales-setup"
OLDEST_PYTHON = (3, 11)
NEWER_PYTHONS = ("python3.13", "python3.12", "python3.11", "python3.14")


class SetupError(Exception):
    """A prerequisite is missing; the text says which and how to get it."""


def use_a_suitable_python() -> None:
    """Start again under a newer Python of this machine if this one is too old."""
    if sys.version_info >= OLDEST_PYTHON:
        return
    for name in NEWER_PYTHONS:
        path = shutil.which(name)
        if path and subprocess.call([path, "-c", "pass"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0:
            os.execv(path, [path, *sys.argv])  # noqa: S606 - replaces this process on purpose, without a shell
    raise SetupError(
        "Python 3.11 or newer is needed, this is {}.{} ({}).\n"
        "Install one (Debian and Ubuntu: apt-get install python3.11 python3.11-venv) and run: make setup PYTHON=python3.11".format(
            sys.version_info[0], sys.version_info[1], sys.executable
        )
    )


def check_venv_module() -> None:
    """Debian splits ``ensurepip`` off; a venv without it has no pip."""
    try:
        import ensurepip  # noqa: F401, PLC0415 - only its absence matters
        import venv  # noqa: F401, PLC0415 - same
    except ImportError:
        version = "{}.{}".format(*sys.version_info[:2])
        raise SetupError(
            "This Python cannot make virtual environments: the module 'venv' or 'ensurepip' is missing.\n"
            "Debian and Ubuntu: apt-get install python{0}-venv (or python3-venv). Then run: make setup".format(version)
        ) from None


def fingerprint() -> str:
    """Hash of all that decides what an installed environment contains."""
    digest = hashlib.sha256()
    for path in [*LOCKS, ROOT / "pyproject.toml"]:
        if not path.exists():
            raise SetupError("{} is missing; is this a whole checkout?".format(path))
        digest.update(path.read_bytes())
    digest.update(repr((sys.version_info[:3], sys.base_prefix, str(VENV))).encode())
    return digest.hexdigest()


def run(arguments: "list[str]", hint: str) -> None:
    """Run a step and stop with ``hint`` if it fails."""
    if subprocess.call(arguments, cwd=str(ROOT)) != 0:
        raise SetupError(hint)


def made_by_this_python(python: Path) -> bool:
    """Whether the environment belongs to the interpreter that runs this; mixing two breaks it."""
    code = "import sys; print(sys.version_info[:3], sys.base_prefix)"
    try:
        answers = [subprocess.check_output([str(which), "-Ic", code], stderr=subprocess.DEVNULL) for which in (sys.executable, python)]
    except (OSError, subprocess.CalledProcessError):
        return False
    return answers[0] == answers[1]


def install() -> None:
    """Create the environment, install every locked package by hash, and the project itself in editable form."""
    python = VENV / "bin" / "python"
    if VENV.exists() and not made_by_this_python(python):
        print("setup: .venv is of another Python, or was left unfinished; making it again", flush=True)
        shutil.rmtree(str(VENV))
    run([sys.executable, "-m", "venv", str(VENV)], "Could not create .venv; the message above says why.")
    pip = [str(python), "-m", "pip", "--disable-pip-version-check"]
    requirements = [part for lock in LOCKS for part in ("-r", str(lock))]
    print("setup: installing {} pinned requirement files".format(len(LOCKS)), flush=True)
    run(
        [*pip, "install", "--quiet", "--require-hashes", "--prefer-binary", *requirements],
        "pip could not install the locked requirements; the message above says which. Is the network, or your package index, reachable?",
    )
    run(
        [*pip, "install", "--quiet", "--no-deps", "--no-build-isolation", "--config-settings", "editable_mode=compat", "-e", "."],
        "pip could not install the project itself; the message above says why.",
    )
    # The engines are part of a working installation: fetched here, so that a later start needs no network.
    fetch = [str(python), "-m", "deploy.local.engines.kafka_files"]
    if (ROOT / "deploy" / "local" / "engines" / "kafka_files.py").exists() and subprocess.call(fetch, cwd=str(ROOT)) != 0:
        print("setup: Kafka could not be fetched now; `aftersales up` tries again. (Not needed with a Kafka of your own.)")


def compile_code() -> None:
    """Compile the project's own code, as pip does with what it installs: where Python may not write such files, each start would compile it again."""
    python = VENV / "bin" / "python"
    run([str(python), "-m", "compileall", "-q", "contracts", "deploy", "services"], "The code of the project does not compile; see above.")


def main() -> int:
    """Bring ``.venv`` up to date; return the exit status."""
    try:
        use_a_suitable_python()
        wanted = fingerprint()
        if STAMP.exists() and STAMP.read_text() == wanted:
            compile_code()
            print("setup: .venv is up to date")
            return 0
        check_venv_module()
        install()
        compile_code()
        STAMP.write_text(wanted)
    except SetupError as problem:
        print("setup: {}".format(problem), file=sys.stderr)
        return 1
    print("setup: done. Try: make demo, or make up")
    return 0


if __name__ == "__main__":
    sys.exit(main())
