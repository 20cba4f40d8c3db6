"""The match as one pulp model for CBC, written variable by variable and sum by sum, as pulp's own examples are.

CBC has no option to stop at an objective: its log is followed, and it is interrupted when it has found one as good.
"""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pulp
from _bench_outcome import CELL, OFFER, Asked, Outcome, plan_outcome, read_plan, value_of
from _bench_tables import MatchTables
from pulp.apis.coin_api import pulp_cbc_path

from geomap.schema import CapFrame, CeilingFrame, DemandFrame, OfferFrame, PathwayFrame

THREADS = 2


def plan_cbc(tables: MatchTables, asked: Asked) -> Outcome:
    """Whole places and courses; stops at geomap's gap or objective, or at the limit."""
    began = time.process_time()
    problem, places, courses = _build(tables)
    with tempfile.TemporaryDirectory() as folder:
        model, found = Path(folder) / "match.mps", Path(folder) / "match.sol"
        variables, names, rows, _ = problem.writeMPS(str(model), rename=True)
        built = time.process_time() - began
        log = _run_cbc(model, found, asked)
        more = {"build_s": built, "ended": _ending(log, asked)}
        bound = _read_bound(log)
        solver = pulp.COIN_CMD(path=pulp_cbc_path, msg=False)
        _, values, *_, status = solver.readsol_MPS(str(found), problem, variables, names, rows)
    if status not in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible):
        return Outcome(objective=None, bound=bound, more=more)
    given = pd.Series([values[x.name] for x in places], index=tables.caps.index)
    keys = pd.MultiIndex.from_frame(tables.offers[OFFER])
    run = pd.Series([values[courses[key].name] if key in courses else 0 for key in keys], index=tables.offers.index)
    return plan_outcome(tables, *read_plan(tables, given, run), bound=bound, more=more)


def _build(tables: MatchTables) -> tuple[pulp.LpProblem, list[pulp.LpVariable], dict[tuple[str, str], pulp.LpVariable]]:
    """The model, its places by row of the caps, and its courses by led offer."""
    problem = pulp.LpProblem("match", pulp.LpMaximize)
    caps, offers = tables.caps, tables.offers.set_index(OFFER)
    uptake = tables.pathways.set_index(PathwayFrame.pathway_id)[PathwayFrame.uptake_share]
    places = [problem.add_variable(f"x{n}", 0, top, "Integer") for n, top in enumerate(caps[CapFrame.cap_places])]
    led = offers[offers[OfferFrame.led]]
    courses = {offer: problem.add_variable(f"y{n}", 0, None, "Integer") for n, offer in enumerate(led.index)}
    problem += pulp.lpSum(value * x for value, x in zip(value_of(tables, caps), places, strict=True))

    length = offers[OfferFrame.course_hours].to_dict()
    hours, people, cells, referrals, shared = (defaultdict(list) for _ in range(5))
    for x, row in zip(places, caps.to_dict("records"), strict=True):
        offer = row[CapFrame.pledge_id], row[CapFrame.pathway_id]
        cell = row[CapFrame.pcn_code], row[CapFrame.pathway_id]
        if offer in courses:
            people[offer].append(x)
        else:
            hours[offer[0]].append(length[offer] * x)
        cells[cell].append(x)
        referrals[cell[0]].append(1 / uptake[cell[1]] * x)
        if not pd.isna(row[CapFrame.catchment]):
            shared[row[CapFrame.catchment], cell].append((x, row[CapFrame.near_places]))
            shared[row[CapFrame.alike], cell].append((x, row[CapFrame.cap_places]))

    for (pledge, pathway), y in courses.items():
        hours[pledge].append(length[pledge, pathway] * y)
        joined = pulp.lpSum(people[pledge, pathway])
        problem += joined <= float(led.at[(pledge, pathway), OfferFrame.course_places]) * y
        problem += joined >= float(led.at[(pledge, pathway), OfferFrame.min_group]) * y
    for limited, limit in (
        (hours, offers.groupby(level=0)[OfferFrame.pool_hours].first()),
        (cells, tables.demand.set_index(CELL)[DemandFrame.demand_places]),
        (referrals, tables.ceilings.set_index(CeilingFrame.pcn_code)[CeilingFrame.ceiling_referrals]),
    ):
        for key, most in limit.to_dict().items():
            if key in limited:
                problem += pulp.lpSum(limited[key]) <= most
    for members in shared.values():
        if len(members) > 1:
            problem += pulp.lpSum(x for x, _ in members) <= max(most for _, most in members)
    return problem, places, courses


def _run_cbc(model: Path, found: Path, asked: Asked) -> list[str]:
    """Run CBC with the arguments pulp gives it, and return its log."""
    gap = asked.gap_share if asked.target_gap is None else asked.target_gap
    command = [pulp_cbc_path, model, "-max", "-sec", asked.limit_s, "-ratio", gap, "-threads", THREADS]
    command += ["-timeMode", "elapsed", "-solve", "-printingOptions", "all", "-solution", found]
    # To a pipe CBC writes in blocks, which come too late; to a terminal it writes line by line.
    reader, writer = pty.openpty()
    cbc = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=writer, stderr=writer)
    os.close(writer)
    log: list[str] = []
    with os.fdopen(reader, encoding="utf-8", errors="replace") as lines:
        try:
            for line in lines:
                log.append(line.strip())
                if asked.target is not None and (_incumbent(line) or 0.0) >= asked.target:
                    cbc.send_signal(signal.SIGINT)
        except OSError:
            pass  # how a terminal ends on Linux
    if cbc.wait() != 0:
        raise RuntimeError("CBC failed:\n" + "\n".join(log[-20:]))
    return log


def _incumbent(line: str) -> float | None:
    """The objective of a plan that a line of the log tells of; CBC minimises, so it stands there with a minus."""
    told = re.search(r"[Ii]nteger solution of (\S+) found", line)
    return -float(told[1]) if told else None


def _ending(log: list[str], asked: Asked) -> str:
    if asked.target is not None and any((_incumbent(line) or 0.0) >= asked.target for line in log):
        return "objective reached"
    return next((line.removeprefix("Result - ") for line in log if line.startswith("Result - ")), "no result")


def _read_bound(log: list[str]) -> float | None:
    """The bound CBC ends with; where it is proven best it gives the objective alone."""
    for name in ("Upper bound:", "Objective value:"):
        told = [line.removeprefix(name).strip() for line in log if line.startswith(name)]
        if told:
            # It is printed to few places: half of the last one is what rounding may have taken.
            return float(told[-1]) + 0.5 * 10.0 ** -len(told[-1].partition(".")[2])
    return None
