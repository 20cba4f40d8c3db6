"""What geomap is built on: known vulnerabilities and licences of the packages, and what a run loads of them.

    python scripts/check_supply.py              licences, then vulnerabilities
    python scripts/check_supply.py licences     of every package of a run, and apart of those of the tests
    python scripts/check_supply.py audit        known vulnerabilities in the versions of constraints.txt

Exit code 0: nothing is wrong. 1: a vulnerability is known, or a licence is none of those allowed. 3: the service that
knows of vulnerabilities could not be asked, or not of every package, so that nothing is known either way.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
WRONG, NOT_KNOWN = 1, 3
AUDIT_S = 300
AUDITOR = "pip-audit==2.10.1"
HOW = ("--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off")

ALLOWED = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "HPND", "ISC", "MIT", "MIT-CMU", "OGL-UK-3.0",
    "PSF-2.0", "Unlicense", "Zlib",
}  # fmt: skip
"""SPDX names of licences that ask for nothing but to be named."""
ONLY_IN_TESTS = {"MPL-2.0"}
"""What is changed in such a file must be published; the tests change none."""
SPELLINGS = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD 3-Clause License": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""Licences as packages write them → SPDX name."""
DECIDED = {
    "axe-playwright-python": ("MIT AND MPL-2.0", "read in its LICENSE; it holds axe-core, MPL-2.0"),
    "certifi": ("MPL-2.0", "a list of certificates that folium and pyproj ask for, used as it is"),
    "xstatic-leaflet": ("BSD-2-Clause", "its metadata say 'same as Leaflet', which is BSD-2-Clause"),
    "xstatic-leaflet-markercluster": ("MIT", "its metadata say 'same as Leaflet-MarkerCluster', which is MIT"),
}  # fmt: skip
"""Package → its licence as read by hand, and the reason it may be used."""


def read_project() -> dict:
    """The table `project` of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def plain(name: str) -> str:
    """The name of a package as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def walk(wanted: Iterable[str]) -> tuple[dict[str, metadata.Distribution], set[str]]:
    """
    What is installed for these requirements, and for theirs in turn.

    Returns
    -------
    found, missing
        Name → package; names of those that are not installed, which cannot be judged.
    """
    found, missing = {}, set()
    waiting = [(Requirement(line), "") for line in wanted]
    done: set[tuple[str, str]] = set()
    while waiting:
        asked, extra = waiting.pop()
        if asked.marker and not asked.marker.evaluate({"extra": extra}):
            continue
        name = plain(asked.name)
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            missing.add(name)
            continue
        for more in ("", *asked.extras):
            if (name, more) not in done:
                done.add((name, more))
                waiting += [(Requirement(line), more) for line in found[name].requires or []]
    return found, missing


def licence_of(package: metadata.Distribution) -> tuple[str, str]:
    """The licence as an SPDX expression, and why where it was decided by hand; blank where nothing is told."""
    name, about = plain(package.metadata["Name"]), package.metadata
    if name in DECIDED:
        return DECIDED[name]
    if about.get("License-Expression"):
        return about["License-Expression"], ""
    first = (about.get("License") or "").strip().split("\n")[0].strip()
    kinds = [line.split("::")[-1].strip() for line in about.get_all("Classifier") or [] if line.startswith("License")]
    for told in (first, *kinds):
        spdx = SPELLINGS.get(told, told)
        if spdx in ALLOWED | ONLY_IN_TESTS:
            return spdx, ""
    return first[:60] or "; ".join(kinds), ""


def is_allowed(expression: str, allowed: set[str]) -> bool:
    """Whether every part of an expression is allowed, or one of those to choose from; brackets are left to a person."""
    choices = expression.split(" OR ")
    return any(all(part.strip() in allowed for part in choice.split(" AND ")) for choice in choices if choice.strip())


def list_licences() -> tuple[list[tuple[str, str, str, str]], list[tuple[str, str, str, str]], list[str]]:
    """
    The licence of every package.

    Returns
    -------
    run, tests, wrong
        Package, version, licence, remark: of a run, and of the tests only; a sentence on each that is not allowed.
    """
    project = read_project()
    run, lost = walk(project["dependencies"])
    every, more_lost = walk([*project["dependencies"], *project["optional-dependencies"]["test"]])
    wrong = [f"{name} is not installed, so its licence is not known." for name in sorted(lost | more_lost)]
    rows: dict[bool, list[tuple[str, str, str, str]]] = {True: [], False: []}
    for name, package in sorted(every.items()):
        licence, why = licence_of(package)
        rows[name in run].append((name, package.version, licence, why))
        allowed = ALLOWED if name in run else ALLOWED | ONLY_IN_TESTS
        if not why and not is_allowed(licence, allowed):
            wrong.append(f"{name} {package.version}: the licence {licence or '(none told)'} is none of those allowed.")
    return rows[True], rows[False], wrong


def check_licences() -> int:
    """Print the licences of a run and of the tests; returns the exit code."""
    run, tests, wrong = list_licences()
    for title, rows in ((f"A run: {len(run)} packages", run), (f"The tests: {len(tests)} more", tests)):
        print(title)
        for name, version, licence, why in rows:
            print(f"  {name:<32}{version:<13}{licence}{f'  ({why})' if why else ''}")
    print("\n".join(wrong) or "Every licence is one of those allowed.")
    return WRONG if wrong else 0


def install_auditor(folder: Path) -> Path | None:
    """pip-audit in an environment of its own, apart from what it judges: its Python; None where it cannot be had."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    uv = shutil.which("uv")
    if uv:
        commands = [[uv, "venv", "--quiet", folder], [uv, "pip", "install", "--quiet", "--python", python, AUDITOR]]
    else:
        with_pip = [python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", AUDITOR]
        commands = [[sys.executable, "-m", "venv", folder], with_pip]
    for command in commands:
        if subprocess.run(list(map(str, command)), capture_output=True, check=False).returncode:
            return None
    return python


def audit() -> int:
    """Ask for known vulnerabilities of the exact versions; returns the exit code and never passes over a silence."""
    lines = [line for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    with tempfile.TemporaryDirectory() as folder:
        python = install_auditor(Path(folder) / "auditor")
        if python is None:
            return _tell_unknown(len(lines), f"{AUDITOR} could not be installed")
        wanted = Path(folder) / "requirements.txt"
        wanted.write_text("\n".join(lines), encoding="utf-8")
        command = [python, "-m", "pip_audit", "-r", wanted, *HOW]
        try:
            done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=AUDIT_S, check=False)
        except subprocess.TimeoutExpired:
            return _tell_unknown(len(lines), f"no answer in {AUDIT_S} seconds")
    try:
        told = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return _tell_unknown(len(lines), (done.stderr.strip().splitlines() or ["no answer"])[-1])
    return judge_audit(told)


def judge_audit(told: list[dict]) -> int:
    """The exit code for what pip-audit says of each package; one it did not find was not looked at."""
    known = [(row["name"], row["version"], each["id"], each.get("fix_versions", []))
             for row in told for each in row.get("vulns", [])]  # fmt: skip
    for name, version, number, fixed in known:
        print(f"{name} {version}: {number}; mended in {', '.join(fixed) or 'no version yet'}.")
    skipped = [row for row in told if "skip_reason" in row]
    if known:
        print(f"Known vulnerabilities: {len(known)}. Raise the versions in constraints.txt.")
        return WRONG
    if skipped or not told:
        return _tell_unknown(len(skipped), f"{len(told) - len(skipped)} of {len(told)} are known to the service")
    print(f"No known vulnerability in {len(told)} packages.")
    return 0


def _tell_unknown(count: int, why: str) -> int:
    print(f"NOT CHECKED: known vulnerabilities of {count} packages could not be asked for ({why}).")
    print("This is no all-clear. Run 'python scripts/check_supply.py audit' where the network allows it.")
    return NOT_KNOWN


def main(arguments: list[str]) -> int:
    """Do what is asked; returns the worst exit code, a wrong thing before an unknown one."""
    checks = {"licences": check_licences, "audit": audit}
    if any(name not in checks for name in arguments):
        print(__doc__)
        return 2
    codes = [checks[name]() for name in arguments or checks]
    return WRONG if WRONG in codes else max(codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
