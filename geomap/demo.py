"""Where the embedded example lies: beside the package in a checkout, inside it when installed from a wheel."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from .errors import ConfigError


def demo_scenario() -> Path:
    """
    The scenario file of the demo.

    Returns
    -------
    path
        `demo.toml`; the invented files that it names lie beside it.

    Raises
    ------
    ConfigError
        The package was installed without it.

    Examples
    --------
    >>> demo_scenario().name
    'demo.toml'
    """
    package = Path(str(resources.files("geomap")))
    for folder in (package / "_demo", package.parent / "data" / "demo"):
        if (folder / "demo.toml").is_file():
            return folder / "demo.toml"
    raise ConfigError("The demo's files are missing from this installation; install geomap again, or use a checkout.")
