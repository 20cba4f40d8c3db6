"""Draws that are done, kept in a folder, so that a run that was stopped takes up where it was.

A file is named by a digest of all that its figures depend on, and tells a digest of its own text: one that was cut
short or changed is as good as none.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from ..errors import OutputError

_KEPT = re.compile(r"[0-9a-f]{64}\.(json|\d+\.new)")
"""Names of the files that are kept here."""

PACKAGES = ("geomap", "highspy", "numpy", "scipy")
"""A version of one of these may give other figures."""


def forget_draws(folder: Path) -> None:
    """Delete what was kept in a folder, and the folder if nothing else is in it; what cannot be deleted stays."""
    try:
        for file in folder.iterdir():
            if _KEPT.fullmatch(file.name):
                file.unlink()
        folder.rmdir()
    except OSError:
        return


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A folder of finished work; without a folder nothing is kept."""

    folder: Path | None

    def read(self, key: str) -> Any | None:
        """What was kept under a key; `None` where nothing whole is."""
        if self.folder is None:
            return None
        try:
            held = json.loads((self.folder / f"{key}.json").read_bytes())
            return held["kept"] if held["sha256"] == digest(_text(held["kept"])) else None
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def write(self, key: str, kept: Any) -> None:
        """
        Keep plain values under a key: the whole file, or none.

        Raises
        ------
        OutputError
            The folder cannot be written.
        """
        if self.folder is None:
            return
        text = json.dumps({"sha256": digest(_text(kept)), "kept": kept}, allow_nan=False)
        file = self.folder / f"{key}.json"
        new = file.with_suffix(f".{os.getpid()}.new")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            new.write_bytes(text.encode())
            new.replace(file)
        except OSError as caught:
            raise OutputError(
                f"Draws could not be kept in {self.folder}: {caught}. Choose a folder that you may write to."
            ) from caught


def digest(*told: object) -> str:
    """sha256 of values, arrays, mappings, sequences and dataclasses of these."""
    sha = hashlib.sha256()
    for part in told:
        _feed(sha, part)
    return sha.hexdigest()


def digest_of_versions() -> str:
    """sha256 of the versions of what the figures are made with."""
    return digest(*(_version(package) for package in PACKAGES))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _text(kept: Any) -> str:
    return json.dumps(kept, allow_nan=False)


def _feed(sha: hashlib._Hash, part: object) -> None:
    """Kinds and lengths are fed as well, so that no two values run into the same bytes."""
    sha.update(type(part).__name__.encode() + b":")
    if isinstance(part, np.ndarray):
        sha.update(f"{part.dtype}{part.shape}".encode())
        if part.dtype == object:
            _feed(sha, part.tolist())
        else:
            sha.update(np.ascontiguousarray(part).tobytes())
    elif sparse.issparse(part):
        _feed(sha, (part.shape, part.indptr, part.indices, part.data))
    elif is_dataclass(part):
        _feed(sha, {field.name: getattr(part, field.name) for field in fields(part)})
    elif isinstance(part, Mapping):
        _feed(sha, list(part.items()))
    elif isinstance(part, Sequence) and not isinstance(part, str):
        sha.update(f"{len(part)}:".encode())
        for one in part:
            _feed(sha, one)
    else:
        text = repr(part).encode()
        sha.update(f"{len(text)}:".encode() + text)
