"""Arguments and options of the command line: what each is called, what it says of itself, what it may be."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

ScenarioFile = Annotated[Path, typer.Argument(help="The scenario, a TOML file.", metavar="SCENARIO.TOML")]
ScenarioFiles = Annotated[
    list[str],
    typer.Argument(help="Scenarios: TOML files, folders of them, or 'scenarios/*.toml'.", metavar="SCENARIO.TOML"),
]
FetchFolder = Annotated[Path, typer.Option("--data", help="Folder for the official files.", metavar="FOLDER")]
OnlySources = Annotated[
    list[str] | None, typer.Option("--only", help="Fetch this source only; may be repeated.", metavar="SOURCE")
]
ListSources = Annotated[bool, typer.Option("--list", help="List every source, what it gives, and its page.")]
StartBank = Annotated[
    Path,
    typer.Option("--bank", help="Bank of hours, a workbook or a folder.", metavar="PATH"),
]
NewScenario = Annotated[Path, typer.Option("--out", help="Scenario to write.", metavar="SCENARIO.TOML")]
DataFolder = Annotated[
    Path | None, typer.Option("--data", help="Folder of official files, instead of the scenario's.", metavar="FOLDER")
]
BankPath = Annotated[
    Path | None,
    typer.Option("--bank", help="Bank of hours (workbook or folder), instead of the scenario's.", metavar="PATH"),
]
IcbCodes = Annotated[
    list[str] | None,
    typer.Option("--icb", help="Plan for the PCNs of this ICB only; may be repeated.", metavar="CODE"),
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", help="Worker processes; left out, threads of one process.", metavar="N", min=1),
]
ClusterAddress = Annotated[
    str,
    typer.Option(
        "--cluster",
        help="Send the work to the dask cluster whose scheduler is there, such as tcp://10.0.0.5:8786.",
        metavar="ADDRESS",
    ),
]
EarlierFolder = Annotated[
    Path | None,
    typer.Option("--from", help="Start from the plan in this folder of results; tell what changed.", metavar="FOLDER"),
]
SkipBadRows = Annotated[bool, typer.Option("--skip-bad-rows", help="Leave out rows with a fault and report them.")]
Internal = Annotated[
    bool, typer.Option("--internal", help="Write exact small counts of people; the results are not for publication.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Refuse every repair: each is a fault.")]
ProblemsFile = Annotated[
    Path | None,
    typer.Option("--problems", help="Give the bank back with what is wrong marked.", metavar="FILE.XLSX"),
]
OutFolder = Annotated[Path, typer.Option("--out", help="Folder for the results.", metavar="FOLDER")]
BatchFolder = Annotated[
    Path, typer.Option("--out", help="Folder for a folder of results each, and batch.csv.", metavar="FOLDER")
]
WithSites = Annotated[bool, typer.Option("--sites", help="Choose test-and-learn sites in each.")]
FeedAddresses = Annotated[
    list[str] | None,
    typer.Argument(help="First pages of RPDE feeds; left out, those of the file.", metavar="FEED_URL"),
]
HarvestFile = Annotated[Path, typer.Option("--out", help="File for what is harvested.", metavar="FILE.JSON")]
MostPages = Annotated[
    int | None, typer.Option("--pages", help="Read no more pages than this.", metavar="N", min=1, max=1_000_000)
]
OtherHosts = Annotated[bool, typer.Option("--other-hosts", help="Follow a feed to another host.")]
FirstResults = Annotated[Path, typer.Argument(help="Folder of results of a finished run.", metavar="BEFORE")]
SecondResults = Annotated[Path, typer.Argument(help="Folder of results to compare with it.", metavar="AFTER")]
ComparisonFolder = Annotated[
    Path | None, typer.Option("--out", help="Folder for every row that differs.", metavar="FOLDER")
]
MapResults = Annotated[Path, typer.Argument(help="Folder of results of a finished run.", metavar="RESULTS")]
MapFolder = Annotated[
    Path | None,
    typer.Option("--out", help="Folder for the pages; one beside the results if left out.", metavar="FOLDER"),
]
MapBy = Annotated[
    Literal["icb"] | None, typer.Option("--by", help="A page for each ICB too, and an index: 'icb'.", metavar="icb")
]
TilesUrl = Annotated[
    str,
    typer.Option("--tiles", help="Server of background tiles, off until the reader asks for them.", metavar="URL"),
]
TilesAttribution = Annotated[
    str, typer.Option("--attribution", help="Whose tiles they are; needed with --tiles.", metavar="TEXT")
]
SiteCount = Annotated[
    int | None,
    typer.Option("--count", help="How many sites, instead of the scenario's.", metavar="N", min=1, max=10_000),
]
DrawCount = Annotated[
    int | None, typer.Option("--draws", help="Draws of the assumptions; 0 for none.", metavar="N", min=0, max=100_000)
]
WordTemplate = Annotated[
    Path | None,
    typer.Option("--word-template", help="Word document whose look the board paper takes.", metavar="FILE.DOCX"),
]
TemplateFile = Annotated[Path, typer.Argument(help="Where to write the blank workbook.", metavar="FILE.XLSX")]
# The bounds are those of a pledge in the bank of hours.
Amount = Annotated[float, typer.Argument(help="Hours.", metavar="HOURS", min=0, max=1e9)]
Unit = Annotated[str, typer.Option(help="participant, class, facility or staff.")]
Pathway = Annotated[str, typer.Option(help="Pathway of the catalogue.")]
GroupSize = Annotated[
    float | None, typer.Option(help="People in a group; the pathway's own if left out.", min=1, max=10_000)
]
FillShare = Annotated[float, typer.Option(help="Share of the group's places that fill, 0 to 1.", min=0, max=1)]
