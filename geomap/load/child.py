"""Reading apart: strangers' files are read in a child process, which a hostile file may exhaust or kill.

One child serves a process, is started when it is first wanted (or sooner, in the background) and is replaced when it
has died. It is an interpreter of its own, told what to do over pipes: neither a guard in the user's script nor a
notebook's own state matters. Where there is no interpreter to start, as in a frozen app, this process reads itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import queue
import subprocess
import sys
import tempfile
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO, TypeVar

import psutil

from ..errors import ConfigError, DataError, Fault
from ._child_main import Answer, receive, send

T = TypeVar("T")

MEMORY_VARIABLE, TIME_VARIABLE = "GEOMAP_READ_GIB", "GEOMAP_READ_MINUTES"
_IN_CHILD = "GEOMAP_READS_APART"
_LEAST_GIB, _LEAST_MINUTES = 1.0, 0.01
"""With half of the first the libraries that read have no room to begin in."""
_START_SECONDS = 120.0
_WATCH_SECONDS = 0.05
_RETIRE_SHARE = 0.5
"""Of the memory a child may have: one that keeps more after a call is replaced, or the next file would be blamed."""
_SKIPPED_DRIVERS = (
    "ADBC", "AIVector", "AmigoCloud", "AVCBin", "AVCE00", "Carto", "CSV", "CSW", "DGN", "DXF", "EDIGEO", "EEDA",
    "Elasticsearch", "ESRIJSON", "FlatGeobuf", "GDALG", "GeoJSONSeq", "GeoRSS", "GML", "GPSBabel", "GPX", "GTFS",
    "HTTP", "Idrisi", "JML", "JSONFG", "KML", "LIBKML", "LVBAG", "MapInfo File", "MapML", "MBTiles", "MEM",
    "MiraMonVector", "MVT", "NGW", "OAPIF", "ODS", "OGCAPI", "OGR_GMT", "OGR_PDS", "OGR_VRT", "OpenFileGDB", "OSM",
    "PCIDSK", "PDF", "PDS4", "PGDUMP", "PLSCENES", "PMTiles", "S57", "Selafin", "SQLite", "SXF", "TopoJSON", "VDV",
    "VFK", "VICAR", "WAsP", "WFS", "XLSX",
)  # fmt: skip
"""GDAL's drivers of pyogrio's wheel, but for the three that files of shapes need."""
_SHAPE_DRIVERS = ("ESRI Shapefile", "GeoJSON", "GPKG")
_QUIET = {
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    "GDAL_HTTP_PROXY": "http://127.0.0.1:9",  # the port that discards; nothing should ask, and nobody answers
    "OGR_SQLITE_LOAD_EXTENSIONS": "",
    "PROJ_NETWORK": "OFF",
    _IN_CHILD: "1",
}
"""What GDAL and PROJ must be told before they are loaded."""
_START = "import sys, json; sys.path[:] = json.loads(sys.argv.pop()); from geomap.load._child_main import main; main()"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLimits:
    """
    What reading one file may take.

    Of the official files the largest, 326,000 rows of list sizes, takes 0.4 GiB, and the slowest, the outlines of all
    LSOAs, 4 seconds; a bank of 5,000 pledges less. Ten times the memory, and time for a slow disk.
    """

    memory_bytes: int = 4 << 30
    seconds: float = 600.0

    @classmethod
    def from_environment(cls) -> ReadLimits:
        """
        The limits, or those that the environment gives instead.

        Raises
        ------
        ConfigError
            A variable holds something other than a number, or too small a one.
        """
        usual = cls()
        gib = _number(MEMORY_VARIABLE, usual.memory_bytes / (1 << 30), _LEAST_GIB)
        minutes = _number(TIME_VARIABLE, usual.seconds / 60, _LEAST_MINUTES)
        return cls(memory_bytes=int(gib * (1 << 30)), seconds=60 * minutes)


def _number(variable: str, otherwise: float, least: float) -> float:
    text = os.environ.get(variable, "")
    try:
        number = float(text) if text else otherwise
    except ValueError:
        number = 0.0
    if not least <= number < 1e6:
        raise ConfigError(f"{variable} is {text!r}; it must be a number of {least:g} or more.")
    return number


def start_reader() -> None:
    """Start the child in the background, where files are going to be read soon."""
    if _is_apart():
        _shared(os.getpid()).start()


def read_apart(source: str, read: Callable[..., T], *arguments: object) -> T:
    """
    Call a function in the child process.

    Parameters
    ----------
    source
        The file, as faults name it.
    read
        A function of a module, which reads it.
    arguments
        What to call it with; they must pickle, as what it returns must.

    Returns
    -------
    result
        What it returns. Warnings are given again, in this process.

    Raises
    ------
    DataError
        What the function raises; or the file needed more memory or time than `ReadLimits`, or ended its reader.
    """
    if not _is_apart():
        return read(*arguments)
    return _shared(os.getpid()).call(source, read, arguments)


def read_roads_apart(source: str, read: Callable[..., T], *arguments: object) -> T:
    """
    `read_apart` in a child of its own in which GDAL knows extracts of OpenStreetMap and nothing else; ended after it.

    Raises
    ------
    DataError
        As `read_apart`.
    """
    if not _is_apart():
        return read(*arguments)
    reader = _Reader([*(name for name in _SKIPPED_DRIVERS if name != "OSM"), *_SHAPE_DRIVERS])
    try:
        return reader.call(source, read, arguments)
    finally:
        reader.end()


def _here() -> str:
    """Where relative paths begin at the moment, which a notebook may change; empty where that folder is gone."""
    with contextlib.suppress(OSError):
        return str(Path.cwd())
    return ""


def _is_apart() -> bool:
    return bool(sys.executable) and not getattr(sys, "frozen", False) and _IN_CHILD not in os.environ


@cache
def _shared(process: int) -> _Reader:
    """The one reader of a process; a fork of it has its own."""
    return _Reader()


class _Child:
    """A process that has been started; it answers once it has said that it is ready."""

    def __init__(self, limits: ReadLimits, skipped: Sequence[str]) -> None:
        self.limits = limits
        self._log = tempfile.TemporaryFile()
        paths = [str(Path(item).absolute()) for item in sys.path]
        # -P: the working folder is where strangers' files may lie, and is no place to import from.
        command = [sys.executable, "-P", "-c", _START, str(limits.memory_bytes), json.dumps(paths)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": self._log}
        surroundings = {**os.environ, **_QUIET, "OGR_SKIP": ",".join(skipped)}
        quiet = {"creationflags": getattr(subprocess, "CREATE_NO_WINDOW", 0), "env": surroundings}
        self._process = subprocess.Popen(command, **pipes, **quiet)
        self._answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._pid: int | None = None
        # Neither keeps a hold on this object: it is ended, too, when nobody wants it any more or the process ends.
        hearing = threading.Thread(target=_hear, args=(self._process.stdout, self._answers), daemon=True)
        hearing.start()
        self.end = weakref.finalize(self, _end, self._process, self._log, hearing)

    def wait_ready(self) -> None:
        """
        Wait until the first call may be made.

        Raises
        ------
        RuntimeError
            The child cannot be started; says why.
        """
        if self._pid is None:
            try:
                first = self._answers.get(timeout=_START_SECONDS)
            except queue.Empty:
                first = None
            if first is None:
                said = self.last_words()
                self.end()
                raise RuntimeError(f"The process that reads files cannot be started. {said}")
            # A virtual environment on Windows starts its interpreter from another program.
            self._pid = pickle.loads(first)

    def ask(self, call: bytes) -> Answer | str:
        """The answer; or, in words, what the child had done when it was ended or died."""
        until = time.monotonic() + self.limits.seconds
        most = self.limits.memory_bytes
        try:
            send(self._process.stdin, call)
        except OSError:
            return self._died()
        while True:
            try:
                data = self._answers.get(timeout=_WATCH_SECONDS)
            except queue.Empty:
                if self.used_bytes() > most:
                    return _needed_memory(most)
                if time.monotonic() > until:
                    return f"reading it took more than {self.limits.seconds / 60:g} minutes"
                continue
            if data is None:
                return self._died()
            answer: Answer = pickle.loads(data)
            if answer.out_of_memory:
                return _needed_memory(most)
            return "it stopped its reader in the middle" if answer.gave_up else answer

    def used_bytes(self) -> int:
        """Memory of the child; 0 where it has gone."""
        try:
            used = psutil.Process(self._pid).memory_info()
        except psutil.Error:
            return 0
        return getattr(used, "private", used.rss)

    def last_words(self) -> str:
        """The end of what the child has said on its error stream."""
        self._process.poll()
        self._log.seek(max(self._log.seek(0, os.SEEK_END) - 2_000, 0))
        return self._log.read().decode(errors="replace").strip()

    def _died(self) -> str:
        self._process.wait(_START_SECONDS)
        said = self.last_words()
        if any(mark in said for mark in ("memory allocation of", "bad_alloc", "MemoryError", "out of memory")):
            return _needed_memory(self.limits.memory_bytes)
        return "it stopped its reader in the middle"


def _needed_memory(most_bytes: int) -> str:
    return f"reading it needed more than {most_bytes / (1 << 30):g} GiB of memory"


def _hear(stream: BinaryIO, answers: queue.SimpleQueue[bytes | None]) -> None:
    """Pass on what the child sends, as long as it lives; then None."""
    try:
        while True:
            answers.put(receive(stream))
    except (EOFError, OSError):
        answers.put(None)


def _end(process: subprocess.Popen, log: BinaryIO, hearing: threading.Thread) -> None:
    process.kill()
    process.wait()
    hearing.join()
    for stream in (process.stdin, process.stdout, log):
        with contextlib.suppress(OSError):  # the child may have gone before what was sent to it
            stream.close()


class _Reader:
    """Keeps a child at hand; calls from several threads wait for one another."""

    def __init__(self, skipped: Sequence[str] = _SKIPPED_DRIVERS) -> None:
        self._skipped = skipped
        self._lock = threading.Lock()
        self._child: _Child | None = None

    def start(self) -> None:
        with self._lock:
            self._at_hand()

    def _at_hand(self) -> _Child:
        limits = ReadLimits.from_environment()
        if self._child is not None and self._child.limits != limits:
            self._drop()
        if self._child is None:
            self._child = _Child(limits, self._skipped)
        return self._child

    def _drop(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None

    def end(self) -> None:
        with self._lock:
            self._drop()

    def call(self, source: str, read: Callable[..., T], arguments: Sequence[object]) -> T:
        with self._lock:
            child = self._at_hand()
            try:
                child.wait_ready()
                told = child.ask(pickle.dumps((_here(), read, arguments, child.limits.seconds)))
            except BaseException:  # interrupted: an answer that comes later must not be taken for that of the next call
                self._drop()
                raise
            if isinstance(told, str) or child.used_bytes() > _RETIRE_SHARE * child.limits.memory_bytes:
                self._drop()
        if isinstance(told, str):
            remedy = (
                "Open it in the program it came from and save it again, or download it again. If it is sound and this "
                f"large, {MEMORY_VARIABLE} and {TIME_VARIABLE} raise what reading one file may take."
            )
            raise DataError(faults=[Fault(source=source, problem=told, remedy=remedy)])
        for message, category, file, line in told.warnings:
            warnings.warn_explicit(message, category, file, line)
        if told.error is not None:
            raise told.error
        return told.result
