"""The old set or the new one, whatever goes wrong; never a mix that the manifest does not show."""

from __future__ import annotations

import errno
import hashlib
import itertools
import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from geomap import outputs
from geomap.errors import DataError, OutputError
from geomap.outputs import verify_folder, write_folder

OLD = {"allocation.csv": b"old allocation", "gone.csv": b"only in the old set", "map.html": b"<p>old"}
NEW = {"allocation.csv": b"new allocation", "map.html": b"<p>new", "sites.csv": b"only in the new set"}
OWN = {"my notes.txt": b"the planner's own"}


def write_set(path: Path, files: dict[str, bytes]) -> None:
    with write_folder(path, settings={"set": sorted(files)}) as folder:
        for name, content in files.items():
            (folder / name).write_bytes(content)


def contents(path: Path) -> dict[str, bytes]:
    """Every file in the folder but the manifest, hidden ones too; a folder left behind counts as well."""
    return {
        item.name: item.read_bytes() if item.is_file() else b"(a folder)"
        for item in path.iterdir()
        if item.name != outputs.MANIFEST_NAME
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an old set and a file of the planner's own."""
    path = tmp_path / "out"
    write_set(path, OLD)
    for name, content in OWN.items():
        (path / name).write_bytes(content)
    return path


def test_a_new_set_replaces_the_old_and_leaves_other_files(folder: Path) -> None:
    write_set(folder, NEW)
    assert contents(folder) == NEW | OWN
    assert verify_folder(folder) == []


def test_manifest_tells_inputs_outputs_settings_versions_and_no_machine(tmp_path: Path) -> None:
    source = tmp_path / "bank.csv"
    source.write_bytes(b"pledge_id\n")
    settings = {"out": tmp_path / "out", "as_of": date(2026, 7, 1), "weights": {"imd": 0.4}}
    for name in ("one", "two"):
        with write_folder(tmp_path / name, inputs=[source], settings=settings) as folder:
            (folder / "map.html").write_bytes(b"<p>")
    text = (tmp_path / "one" / "manifest.json").read_text(encoding="utf-8")
    assert text == (tmp_path / "two" / "manifest.json").read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    told = json.loads(text)
    digest = hashlib.sha256(b"pledge_id\n").hexdigest()
    assert told["inputs"] == [{"name": "bank.csv", "bytes": 10, "sha256": digest}]
    assert told["outputs"] == {"map.html": {"bytes": 3, "sha256": hashlib.sha256(b"<p>").hexdigest()}}
    assert told["settings"] == {"out": "out", "as_of": "2026-07-01", "weights": {"imd": 0.4}}
    assert told["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert told["versions"]["pandas"][0].isdigit()


@pytest.mark.parametrize("error", [RuntimeError("a fault"), KeyboardInterrupt(), DataError("a fault")])
def test_an_error_half_way_leaves_the_old_set(folder: Path, error: BaseException) -> None:
    before = contents(folder)
    with pytest.raises(type(error)), write_folder(folder) as work:
        (work / "allocation.csv").write_bytes(b"half of the new allo")
        raise error
    assert contents(folder) == before
    assert verify_folder(folder) == []


def test_a_folder_made_for_a_run_that_fails_is_removed(tmp_path: Path) -> None:
    with pytest.raises(DataError), write_folder(tmp_path / "deep" / "out"):
        raise DataError("a fault")
    assert list(tmp_path.iterdir()) == []


def test_verify_names_what_is_changed_missing_or_unreadable(folder: Path) -> None:
    (folder / "map.html").write_bytes(b"<p>odd")
    (folder / "gone.csv").unlink()
    assert verify_folder(folder) == ["gone.csv", "map.html"]
    (folder / "manifest.json").write_text("{", encoding="utf-8")
    assert verify_folder(folder) == ["manifest.json"]


def test_a_file_of_the_users_own_is_never_replaced(folder: Path) -> None:
    (folder / "sites.csv").write_bytes(b"my own sites")
    before = contents(folder)
    with pytest.raises(OutputError, match=r"already holds sites\.csv, which no earlier run wrote"):
        write_set(folder, NEW)
    assert contents(folder) == before


def test_a_manifest_cannot_send_a_run_to_remove_other_files(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    (folder / "own").mkdir(parents=True)
    for path in (tmp_path / "precious.txt", folder / "own" / "notes.txt"):
        path.write_bytes(b"precious")
    names = ["../precious.txt", str(tmp_path / "precious.txt"), "own", "own/notes.txt", ".geomap.lock"]
    hostile = {"outputs": dict.fromkeys(names, {})}
    (folder / "manifest.json").write_text(json.dumps(hostile), encoding="utf-8")
    write_set(folder, NEW)
    assert contents(tmp_path)["precious.txt"] == b"precious"
    assert (folder / "own" / "notes.txt").read_bytes() == b"precious"
    assert contents(folder) == NEW | {"own": b"(a folder)"}


@pytest.mark.parametrize("name", ["manifest.json", ".hidden"])
def test_names_kept_for_the_folder_itself_are_refused(folder: Path, name: str) -> None:
    with pytest.raises(OutputError, match="cannot be one of the results"):
        write_set(folder, {name: b""})
    assert contents(folder) == OLD | OWN


def fail_calls(monkeypatch: pytest.MonkeyPatch, first: int, *, once: bool) -> itertools.count:
    """Make the n-th change on the disk fail, or that and all after it; returns the counter of changes."""
    counter = itertools.count(1)

    def failing(real):
        def call(*args, **kwargs):
            number = next(counter)
            if number == first or (number > first and not once):
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(*args, **kwargs)

        return call

    for name in ("replace", "fsync", "mkdir", "unlink"):
        monkeypatch.setattr(os, name, failing(getattr(os, name)))
    return counter


@pytest.mark.parametrize("once", [True, False], ids=["that one", "that and all after"])
def test_failing_the_nth_write_until_one_run_succeeds(
    folder: Path, monkeypatch: pytest.MonkeyPatch, once: bool
) -> None:
    sets = (OLD | OWN, NEW | OWN)
    failures = 0
    for nth in itertools.count(1):
        with monkeypatch.context() as patch:
            counter = fail_calls(patch, nth, once=once)
            try:
                write_set(folder, NEW)
            except OutputError as caught:
                failures += 1
                assert "is full" in str(caught)
            reached = next(counter) > nth
        visible = {name: content for name, content in contents(folder).items() if not name.startswith(".")}
        assert visible in sets or (not once and verify_folder(folder)), f"a mix after failing write {nth}"
        run_that_fails(folder)  # even so it puts the old set back
        assert contents(folder) in sets
        assert verify_folder(folder) == []
        if not reached:
            break
        write_set(folder, OLD)
    assert contents(folder) == NEW | OWN
    assert failures > 15


KILLED = """
import itertools, os, sys
from pathlib import Path
from geomap.outputs import write_folder
counter, step, nth = itertools.count(1), sys.argv[2], int(sys.argv[3])
real = getattr(os, step)
def killed(*args, **kwargs):
    if next(counter) == nth:
        os._exit(9)
    return real(*args, **kwargs)
setattr(os, step, killed)
with write_folder(Path(sys.argv[1])) as folder:
    for name in sys.argv[4:]:
        (folder / name).write_bytes(b"new " + name.encode())
"""


def killed_run(folder: Path, step: str, nth: int) -> int:
    """A run that dies without a word at its n-th renaming or removal."""
    command = [sys.executable, "-c", KILLED, str(folder), step, str(nth), *NEW]
    return subprocess.run(command, check=False).returncode


def run_that_fails(folder: Path) -> None:
    with pytest.raises(ZeroDivisionError), write_folder(folder):
        raise ZeroDivisionError


@pytest.mark.parametrize("nth", [1, 2, 4, 6])
def test_a_killed_run_is_revealed_and_undone_by_the_next(folder: Path, nth: int) -> None:
    assert killed_run(folder, "replace", nth) == 9
    untouched = all((folder / name).is_file() and (folder / name).read_bytes() == OLD[name] for name in OLD)
    assert verify_folder(folder) or untouched
    run_that_fails(folder)
    assert contents(folder) == OLD | OWN
    assert verify_folder(folder) == []


DEATHS = [*(("replace", nth) for nth in range(1, 7)), ("unlink", 2), ("unlink", 3)]


@pytest.mark.parametrize(("step", "nth"), DEATHS)
def test_undoing_may_be_killed_too(folder: Path, step: str, nth: int) -> None:
    assert killed_run(folder, "replace", 7) == 9
    assert killed_run(folder, step, nth) == 9
    run_that_fails(folder)
    assert contents(folder) == OLD | OWN
    assert verify_folder(folder) == []


HOLDER = """
import sys
from pathlib import Path
from geomap.outputs import write_folder
with write_folder(Path(sys.argv[1])) as folder:
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_is_refused_while_the_first_lives_and_not_after(folder: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline().strip() == "held"
        with pytest.raises(OutputError) as caught:
            write_set(folder, NEW)
        assert str(holder.pid) in str(caught.value)
        assert ".geomap.lock" in str(caught.value)
        holder.kill()
    assert (folder / ".geomap.lock").exists()
    write_set(folder, NEW)
    assert contents(folder) == NEW | OWN


def test_a_folder_that_is_a_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"a file")
    for path in (tmp_path / "out", tmp_path / "out" / "deeper"):
        with pytest.raises(OutputError, match="Choose a folder"):
            write_set(path, NEW)
    assert (tmp_path / "out").read_bytes() == b"a file"


def test_a_file_open_elsewhere_is_named_and_the_old_set_stays(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.replace

    def locked(source, target):
        if Path(source) == folder / "map.html":
            raise PermissionError(errno.EACCES, "in use by another process", str(source))
        return real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", locked)
        with pytest.raises(OutputError, match=r"map\.html in .* cannot be written\. Close it"):
            write_set(folder, NEW)
    assert contents(folder) == OLD | OWN
    assert verify_folder(folder) == []
