"""Set geomap up and run it; needs Python 3.11 or later and nothing else.

    python scripts/run.py demo            run the demonstration and say where the map is
    python scripts/run.py test [...]      run the quick tests; whatever follows goes to pytest
    python scripts/run.py slow [...]      run those that take more than four seconds each; takes half an hour
    python scripts/run.py national [...]  plan all of England on the official files and test that; takes minutes
    python scripts/run.py thorough [...]  tests that fail each write and shuffle each input; takes minutes
    python scripts/run.py fuzz [...]      break input files in thousands of ways; takes minutes
    python scripts/run.py supply [...]    licences of all packages, and what is known of their vulnerabilities
    python scripts/run.py wheel           build the wheel, and run the demo from it in an empty environment
    python scripts/run.py setup           only set up, with what the tests need

The first call makes a virtual environment in .venv (with uv where it is found) and installs the exact
packages of constraints.txt in it; later calls install again only when those files have changed.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import webbrowser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
FOLDER, SUFFIX = ("Scripts", ".exe") if os.name == "nt" else ("bin", "")
PYTHON = VENV / FOLDER / ("python" + SUFFIX)
GEOMAP = VENV / FOLDER / ("geomap" + SUFFIX)
STAMP = VENV / "geomap-set-up.txt"
UNFINISHED = "unfinished"
# Tests of one file share what they have set up; files go in the order of tests/conftest.py, the longest first.
SIDE_BY_SIDE = ("-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder")
SCRIPTS = {"fuzz": "fuzz.py", "supply": "check_supply.py", "wheel": "check_wheel.py"}
APART = ("slow", "national", "thorough")  # marks of tests that take minutes and are run by themselves
NO_VENV = """This Python cannot make virtual environments. Install what is missing, then run this again:
  Debian, Ubuntu:  sudo apt install python3-venv
  or uv:           https://docs.astral.sh/uv/getting-started/installation/"""


def run(*command):
    """Run a command; stop with a plain sentence where it fails."""
    if subprocess.call([str(part) for part in command], cwd=ROOT):
        sys.exit("Setting up did not work: see the message above. Check the network, then run this again.")


def usable(uv):
    """Whether .venv holds a Python that runs, is new enough and can be installed into."""
    needs = "import sys" if uv else "import sys, pip"
    code = needs + "; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.call([str(PYTHON), "-c", code], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def set_up(with_tests):
    """Make .venv and install into it, unless that is done already."""
    uv = shutil.which("uv")
    parts = [(ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")]
    done = hashlib.sha256(b"\0".join(parts)).hexdigest()
    stamp = STAMP.read_text(encoding="utf-8").split() if STAMP.is_file() else []
    works = usable(uv)
    if works and done in stamp and (not with_tests or "test" in stamp):
        return
    print("Setting up in .venv; this takes a minute or two, once.", flush=True)
    if not works or UNFINISHED in stamp:
        if not uv and not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
            sys.exit(NO_VENV)
        shutil.rmtree(VENV, ignore_errors=True)
        run(*([uv, "venv", "--quiet", "--python", sys.executable] if uv else [sys.executable, "-m", "venv"]), VENV)
    STAMP.write_text(UNFINISHED, encoding="utf-8")
    with_pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install"]
    installer = [uv, "pip", "install", "--python", PYTHON] if uv else with_pip
    run(*installer, "--quiet", "-c", ROOT / "constraints.txt", "-e", f"{ROOT}[test]" if with_tests else ROOT)
    STAMP.write_text(done + (" test" if with_tests else ""), encoding="utf-8")


def has_desktop():
    """Whether somebody sits in front of a screen that a browser can open on."""
    if os.environ.get("CI") or os.environ.get("SSH_CONNECTION"):
        return False
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True


def demo():
    """Run `geomap demo`, say where the map is and open it."""
    folder = ROOT / "out" / "demo"
    code = subprocess.call([str(GEOMAP), "demo", "--out", str(folder)], cwd=ROOT)
    page = folder / "map.html"
    if code == 0:
        print(f"The map: {page}", flush=True)
        if has_desktop():
            webbrowser.open(page.as_uri())
    return code


def main(arguments):
    """Do what is asked; returns the exit code."""
    if sys.version_info < (3, 11):  # noqa: UP036, this file is what an older Python is told by
        version = ".".join(str(part) for part in sys.version_info[:3])
        sys.exit("geomap needs Python 3.11 or later; this is Python " + version + ". Install it from python.org.")
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    takes_more = command in ("test", *APART, *SCRIPTS)
    if not (takes_more or command in ("demo", "setup")) or (rest and not takes_more):
        print(__doc__)
        return 0 if command in ("-h", "--help") else 2
    set_up(with_tests=command != "demo")
    if command in SCRIPTS:
        return subprocess.call([str(PYTHON), str(ROOT / "scripts" / SCRIPTS[command]), *rest], cwd=ROOT)
    if command in APART:
        # Tests of all of England, and those that try a thing in hundreds of ways, may be slow ones too.
        environment = {**os.environ, "GEOMAP_SLOW": "1", "GEOMAP_" + command.upper(): "1"}
        options = SIDE_BY_SIDE if command == "slow" else ()
        return subprocess.call([str(PYTHON), "-m", "pytest", "-m", command, *options, *rest], cwd=ROOT, env=environment)
    if command == "test":
        return subprocess.call([str(PYTHON), "-m", "pytest", *SIDE_BY_SIDE, *rest], cwd=ROOT)
    return demo() if command == "demo" else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
