"""Folders of results as a finished run leaves them, without a run."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from geomap.outputs import write_folder
from geomap.report.files import write_tables
from geomap.schema import ResultTables

SETTINGS = {
    "name": "Middle Shire",
    "label": "",
    "area": {"icb_codes": []},
    "period": {"start": "2026-04-01", "end": "2027-03-31"},
    "travel": {"modes": ["walk"], "max_min": 15.0, "detour": {"walk": 1.3}},
    "match": {"require_roles": True, "gap_share": 0.01},
    "sites": {"budget": None, "count": 4},
    "wishes": {"lock": [], "ban": []},
    "pathways": {"referral": {"name": "Exercise referral", "weeks": 12.0}, "walking": {"name": "Walking", "weeks": 12}},
}
"""Of a scenario, as the manifest holds them; there are more in a real one."""


def write_finished(folder: Path, tables: ResultTables, settings: dict | None = None, **files: str) -> Path:
    """A folder of results; `files` are inputs by name, with what they hold."""
    sources = folder.parent / f"{folder.name} inputs"
    sources.mkdir(parents=True)
    for name, text in files.items():
        (sources / f"{name}.csv").write_text(text, encoding="utf-8")
    with write_folder(folder, inputs=sorted(sources.iterdir()), settings=settings or SETTINGS) as out:
        write_tables(out, tables)
    return folder


def change_result(folder: Path, name: str, text: str) -> None:
    """Put another text into a result and have the manifest agree, as another version might have written it."""
    (folder / name).write_text(text, encoding="utf-8", newline="")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["outputs"][name]["sha256"] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
