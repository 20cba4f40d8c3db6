"""Two folders of finished results set side by side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..comparison import compare_runs
from ..difference import compare_plans
from ..errors import OutputError
from ..load.child import read_apart
from ..load.results import holds_results, load_results
from ..outputs import MANIFEST_NAME, write_folder
from ..report.comparison_files import write_comparison
from ..schema.comparison import Comparison


def compare(
    before: Path, after: Path, out: Path | None = None, progress: Callable[[str], None] = lambda text: None
) -> Comparison:
    """
    Read two folders of results, tell what differs, and write it where a folder is given.

    Parameters
    ----------
    before, after
        Folders of results; those of another version of geomap may not do.
    out
        The folder of the comparison; the whole set is written, or none of it.
    progress
        Called with a short sentence as work goes on.

    Returns
    -------
    comparison
        What differs.

    Raises
    ------
    DataError
        A folder holds no finished results, or they were changed; the faults of both folders at once.
    OutputError
        The comparison cannot be written, or would replace the results of a run.
    """
    if out is not None and holds_results(out):
        raise OutputError(f"{out} holds the results of a run. Choose another folder for the comparison.")
    progress("reading results")
    first, second = read_apart(f"{before}, {after}", load_results, before, after)
    progress("comparing")
    comparison = compare_runs(first, second, compare_plans(first.allocation, second.allocation))
    if out is not None:
        progress("writing tables")
        read = [Path(folder) / MANIFEST_NAME for folder in (before, after)]
        names = {"before": Path(before).resolve().name, "after": Path(after).resolve().name}
        with write_folder(out, inputs=read, settings=names) as folder:
            write_comparison(folder, comparison)
    return comparison
