"""One ICB's share: shares add up to the run, hold their declarations, and say nothing of others as their own."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
import shapely
from made_up import HOSTILE, made_up_tables
from page_block import block

from geomap.areas import share_of, summarise_icbs
from geomap.errors import ConfigError
from geomap.render import build_map
from geomap.schema import (
    AccessResultFrame,
    AllocationResultFrame,
    AskFrame,
    AttentionFrame,
    FacilityResultFrame,
    FootprintResultFrame,
    IcbResultFrame,
    LedgerFrame,
    LinkFrame,
    MapTables,
    NeedFrame,
    OperatorResultFrame,
    OpportunityFrame,
    OutlineFrame,
    PcnResultFrame,
    PlaceFrame,
    PledgeResultFrame,
    PracticeResultFrame,
    ReachableFrame,
    TieFrame,
    UnmatchedHoursFrame,
    UnmetFrame,
    VenueFrame,
)

MODELS = {
    "pcns": PcnResultFrame, "facilities": FacilityResultFrame, "allocation": AllocationResultFrame,
    "unmet": UnmetFrame, "unmatched": UnmatchedHoursFrame, "ledger": LedgerFrame, "need": NeedFrame,
    "links": LinkFrame, "outlines": OutlineFrame, "operators": OperatorResultFrame, "pledges": PledgeResultFrame,
    "practices": PracticeResultFrame, "reachable": ReachableFrame, "ties": TieFrame, "attention": AttentionFrame,
    "places": PlaceFrame, "other_facilities": VenueFrame,
    "opportunities": OpportunityFrame, "asks": AskFrame, "access": AccessResultFrame,
    "footprints": FootprintResultFrame,
}  # fmt: skip
PCN = PcnResultFrame.pcn_code


def balanced(tables: MapTables) -> MapTables:
    """Made-up results whose ledger is that of their plan, pledge by pledge."""
    f = LedgerFrame
    given = tables.allocation.groupby(AllocationResultFrame.pledge_id)[AllocationResultFrame.matched_hours].sum()
    book = tables.ledger
    matched = book[f.pledge_id].map(given).fillna(0.0)
    eligible = matched + book[f.unmatched_hours]
    pledged = eligible + book[f.ineligible_hours]
    book = book.assign(**{f.matched_hours: matched, f.eligible_hours: eligible, f.pledged_hours: pledged})
    sums = book.sum(numeric_only=True)
    hours = (f.pledged_hours, f.ineligible_hours, f.eligible_hours, f.matched_hours, f.unmatched_hours)
    facts = dataclasses.replace(
        tables.facts,
        **{name: float(sums[name]) for name in hours},
        people=int(tables.allocation[AllocationResultFrame.places].sum()),
    )
    return dataclasses.replace(tables, ledger=book, facts=facts)


@pytest.fixture(scope="module", params=[1, 2])
def tables(request: pytest.FixtureRequest) -> MapTables:
    return balanced(made_up_tables(110, 160, seed=request.param, choice=True))


@pytest.fixture(scope="module")
def shares(tables: MapTables) -> dict[str, MapTables]:
    codes = sorted(tables.pcns[PcnResultFrame.icb_code].unique())
    assert len(codes) >= 3
    return {code: share_of(tables, code) for code in codes}


def elsewhere_of(tables: MapTables, share: MapTables) -> float:
    """Hours that the pledges of a share give to PCNs of other ICBs."""
    f = AllocationResultFrame
    mine = tables.allocation[tables.allocation[f.pledge_id].isin(share.ledger[LedgerFrame.pledge_id])]
    return float(mine.loc[~mine[f.pcn_code].isin(share.pcns[PCN]), f.matched_hours].sum())


def test_every_table_of_a_share_holds_its_declaration(shares: dict[str, MapTables]) -> None:
    for share in shares.values():
        for name, model in MODELS.items():
            model.validate(getattr(share, name))


def test_people_and_hours_given_add_up_to_the_run(tables: MapTables, shares: dict[str, MapTables]) -> None:
    whole = ("people", "pcns", "pcns_covered", "patients", "demand_places", "unmet_places", "pcns_fte_not_reported")
    for name in whole:
        assert sum(getattr(share.facts, name) for share in shares.values()) == getattr(tables.facts, name), name
    for name in ("matched_hours", "completions"):
        total = sum(getattr(share.facts, name) for share in shares.values())
        assert total == pytest.approx(getattr(tables.facts, name), rel=1e-9), name
    rows = pd.concat([share.allocation for share in shares.values()])
    assert sorted(map(tuple, rows.iloc[:, :8].astype(str).to_numpy())) == sorted(
        map(tuple, tables.allocation.iloc[:, :8].astype(str).to_numpy())
    )


def test_nothing_is_lost(tables: MapTables, shares: dict[str, MapTables]) -> None:
    def every(name: str, column: str) -> set:
        return set().union(*(getattr(share, name)[column] for share in shares.values()))

    assert every("facilities", FacilityResultFrame.facility_id) == set(tables.facilities["facility_id"])
    assert every("ledger", LedgerFrame.pledge_id) == set(tables.ledger["pledge_id"])
    assert every("operators", OperatorResultFrame.operator_id) == set(tables.operators["operator_id"])
    for name in ("unmet", "need", "practices", "reachable", "ties"):
        assert sum(len(getattr(share, name)) for share in shares.values()) == len(getattr(tables, name)), name


def test_the_ledger_of_a_share_balances_and_tells_what_goes_elsewhere(
    tables: MapTables, shares: dict[str, MapTables]
) -> None:
    f = LedgerFrame
    whole = tables.ledger.set_index(f.pledge_id)
    told = []
    for share in shares.values():
        book = share.ledger.set_index(f.pledge_id)
        np.testing.assert_allclose(book[f.pledged_hours], book[f.ineligible_hours] + book[f.eligible_hours], rtol=1e-9)
        np.testing.assert_allclose(book[f.eligible_hours], book[f.matched_hours] + book[f.unmatched_hours], rtol=1e-9)
        assert (book[f.pledged_hours] <= whole.loc[book.index, f.pledged_hours] + 1e-9).all()
        elsewhere = elsewhere_of(tables, share)
        told.append(elsewhere)
        pledged = whole.loc[book.index, f.pledged_hours].sum()
        sums = book.sum(numeric_only=True)
        parts = sums[f.ineligible_hours] + sums[f.matched_hours] + elsewhere + sums[f.unmatched_hours]
        assert pledged == pytest.approx(parts, rel=1e-9)
        (note,) = [note for note in share.facts.notes if "pledged within reach" in note]
        assert note.startswith(f"{pledged:,.0f} participant-hours")
        assert f"{elsewhere:,.0f} to PCNs of other ICBs" in note
        assert share.unmatched[UnmatchedHoursFrame.hours].sum() == pytest.approx(
            share.facts.ineligible_hours + share.facts.unmatched_hours, rel=1e-9
        )
    assert max(told) > 0  # hours do cross borders here


def test_hours_stay_as_written_and_the_fact_is_their_share(tables: MapTables, shares: dict[str, MapTables]) -> None:
    f = LedgerFrame
    whole = tables.ledger.set_index(f.pledge_id)
    less = 0
    for share in shares.values():
        book = share.ledger.set_index(f.pledge_id)
        before = whole.loc[book.index]
        assert book[f.hours].tolist() == before[f.hours].tolist()
        stated = sum(
            hours * part / all_of_it if all_of_it else hours
            for hours, part, all_of_it in zip(
                before[f.hours], book[f.pledged_hours], before[f.pledged_hours], strict=True
            )
        )
        assert share.facts.stated_hours == pytest.approx(stated, rel=1e-9)
        less += share.facts.stated_hours < 0.999 * before[f.hours].sum()
    assert less  # hours do cross borders here


def test_of_a_pledge_worth_nothing_the_hours_stated_count_whole(tables: MapTables) -> None:
    f = LedgerFrame
    first = tables.ledger[f.pledge_id].eq(tables.ledger[f.pledge_id].iloc[0])
    none = (f.pledged_hours, f.ineligible_hours, f.eligible_hours, f.matched_hours, f.unmatched_hours)
    ledger = tables.ledger.assign(**{name: tables.ledger[name].mask(first, 0.0) for name in none})
    ledger = ledger.assign(**{f.hours: ledger[f.hours].where(first, 0.0) + first * 7.0})
    alone = dataclasses.replace(moved(tables, {ledger[f.pledge_id].iloc[0]: "Q01"}), ledger=ledger)
    assert share_of(alone, "Q01").facts.stated_hours == pytest.approx(ledger[f.hours].sum())


def test_facilities_and_operators_add_up_to_the_share(shares: dict[str, MapTables]) -> None:
    hours = ("pledged_hours", "eligible_hours", "matched_hours", "unmatched_hours")
    for share in shares.values():
        at_places = share.ledger[share.ledger[LedgerFrame.facility_id].notna()]
        for name in hours:
            assert share.facilities[name].sum() == pytest.approx(at_places[name].sum(), rel=1e-9)
            assert share.operators[name].sum() == pytest.approx(getattr(share.facts, name), rel=1e-9)
        assert share.operators[OperatorResultFrame.people].sum() == share.facts.people
        ties = share.ties
        served = ties[ties[TieFrame.people] > 0].groupby(TieFrame.operator_id).size()
        told = share.operators.set_index(OperatorResultFrame.operator_id)[OperatorResultFrame.pcns_served]
        assert told[told > 0].to_dict() == served.to_dict()


def test_who_serves_or_reaches_is_there(tables: MapTables, shares: dict[str, MapTables]) -> None:
    a, r = AllocationResultFrame, ReachableFrame
    for share in shares.values():
        mine = share.pcns[PCN]
        serving = tables.allocation.loc[tables.allocation[a.pcn_code].isin(mine), a.facility_id].dropna()
        reaching = tables.reachable.loc[tables.reachable[r.pcn_code].isin(mine), r.facility_id]
        assert {*serving, *reaching} <= set(share.facilities[FacilityResultFrame.facility_id])


def moved(tables: MapTables, icbs: dict[str, str]) -> MapTables:
    """The run as if pledges reached PCNs of these ICBs alone, by rule, and the plan gave nothing of them."""
    f, offer = LedgerFrame, PledgeResultFrame
    sites = tables.ledger.loc[tables.ledger[f.pledge_id].isin(icbs), f.facility_id].dropna()
    plan, ids = tables.allocation, tables.pledges[offer.pledge_id]
    told = ids.map(icbs).fillna(tables.pledges[offer.icbs_in_reach])
    return balanced(
        dataclasses.replace(
            tables,
            allocation=plan[~plan[AllocationResultFrame.pledge_id].isin(icbs)].reset_index(drop=True),
            reachable=tables.reachable[~tables.reachable[ReachableFrame.facility_id].isin(sites)],
            pledges=tables.pledges.assign(**{offer.icbs_in_reach: told}),
            choice=None,
        )
    )


def pages_of(tables: MapTables, pledge: str) -> set[str]:
    """ICBs on whose page a pledge stands: in its ledger, with its offer and with its facility."""
    found = set()
    for code in tables.pcns[PcnResultFrame.icb_code].unique():
        share = share_of(tables, code)
        row = share.ledger[share.ledger[LedgerFrame.pledge_id].eq(pledge)]
        assert (pledge in set(share.pledges[PledgeResultFrame.pledge_id])) == bool(len(row))
        assert set(row[LedgerFrame.facility_id].dropna()) <= set(share.facilities[FacilityResultFrame.facility_id])
        assert set(row[LedgerFrame.operator_id]) <= set(share.operators[OperatorResultFrame.operator_id])
        found |= {code} if len(row) else set()
    return found


def test_pledges_are_on_the_pages_that_they_reach_whatever_their_facility_does(tables: MapTables) -> None:
    f = LedgerFrame
    site = tables.facilities[FacilityResultFrame.facility_id].iloc[0]
    first, second = tables.ledger.loc[tables.ledger[f.facility_id].eq(site), f.pledge_id]
    spot = tables.facilities.geometry.iloc[0]
    nearest = tables.pcns.loc[tables.pcns.distance(spot).idxmin(), PcnResultFrame.icb_code]
    one, other = sorted({"Q00", "Q01", "Q02"} - {nearest})
    # Outreach to an ICB where its facility does not stand; and another pledge of that facility, elsewhere.
    run = moved(tables, {first: one, second: other})
    assert (pages_of(run, first), pages_of(run, second)) == ({one}, {other})
    assert pages_of(moved(tables, {first: f"{one};{other}", second: ""}), first) == {one, other}
    shown = share_of(run, one).facilities.set_index(FacilityResultFrame.facility_id).loc[site]
    told = run.ledger.set_index(f.pledge_id).loc[first]
    assert shown[FacilityResultFrame.unmatched_hours] == pytest.approx(told[f.unmatched_hours])


def test_a_pledge_without_a_place_is_on_no_page_of_an_icb_that_it_does_not_reach(tables: MapTables) -> None:
    f = LedgerFrame
    online = tables.ledger[tables.ledger[f.facility_id].isna()].iloc[0]
    ties = tables.ties[tables.ties[TieFrame.operator_id].eq(online[f.operator_id]) & tables.ties[TieFrame.in_reach]]
    home = tables.pcns.set_index(PCN)[PcnResultFrame.icb_code]
    assert home[ties[TieFrame.pcn_code]].nunique() > 1  # its operator reaches others too
    assert pages_of(moved(tables, {online[f.pledge_id]: "Q01"}), online[f.pledge_id]) == {"Q01"}
    assert pages_of(moved(tables, {online[f.pledge_id]: ""}), online[f.pledge_id]) == set()


def test_an_operator_with_pcns_in_reach_has_the_pledges_that_reach_them(shares: dict[str, MapTables]) -> None:
    o, f = OperatorResultFrame, LedgerFrame
    for code, share in shares.items():
        near = share.operators.loc[share.operators[o.pcns_in_reach] > 0, o.operator_id]
        reach = share.pledges[PledgeResultFrame.icbs_in_reach].str.split(";").map(lambda icbs, code=code: code in icbs)
        assert set(near) == set(share.pledges.loc[reach, PledgeResultFrame.operator_id])
        assert set(near) <= set(share.ledger[f.operator_id])


def test_a_pledge_that_reaches_nobody_stands_with_the_icb_nearest_to_its_facility(tables: MapTables) -> None:
    f = LedgerFrame
    site = tables.facilities[FacilityResultFrame.facility_id].iloc[0]
    first, second = tables.ledger.loc[tables.ledger[f.facility_id].eq(site), f.pledge_id]
    spot = tables.facilities.geometry.iloc[0]
    nearest = tables.pcns.loc[tables.pcns.distance(spot).idxmin(), PcnResultFrame.icb_code]
    alone = moved(tables, {first: "", second: ""})
    assert pages_of(alone, first) == pages_of(alone, second) == {nearest}
    codes = sorted(tables.pcns[PcnResultFrame.icb_code].unique())
    shown = [code for code in codes if site in set(share_of(alone, code).facilities[FacilityResultFrame.facility_id])]
    assert shown == [nearest]


def test_what_is_of_the_whole_run_or_left_out_is_told(shares: dict[str, MapTables]) -> None:
    for share in shares.values():
        notes = share.facts.notes
        assert notes[0].endswith("the notes below on the files read are of the whole run.")
        assert "PCNs of other ICBs are not on this page: what is in reach, served or linked counts those of this ICB." \
            in notes  # fmt: skip
        (hours,) = [note for note in notes if "pledged within reach" in note]
        assert "also in the headline, are of those within reach and not given to other ICBs" in hours


def test_a_share_names_no_pcn_of_another_icb_as_its_own(tables: MapTables, shares: dict[str, MapTables]) -> None:
    home = tables.pcns.set_index(PCN)[PcnResultFrame.icb_code]
    for code, share in shares.items():
        mine = set(home[home.eq(code)].index)
        for name in ("pcns", "unmet", "need", "practices", "reachable", "ties", "allocation"):
            assert set(getattr(share, name)[PCN]) <= mine, name
        assert set(share.attention[PCN].dropna()) <= mine
        data = block(build_map(share))
        assert set(data["pcns"]["code"]) == mine


def test_links_are_with_the_icb_its_pcns_and_their_practices(tables: MapTables, shares: dict[str, MapTables]) -> None:
    for code, share in shares.items():
        practices = share.practices[PracticeResultFrame.practice_code]
        assert set(share.links[LinkFrame.organisation_code]) <= {code, *share.pcns[PCN], *practices}
        assert set(share.links[LinkFrame.facility_id].dropna()) <= set(share.facilities["facility_id"])
        assert set(share.links[LinkFrame.operator_id].dropna()) <= set(share.operators["operator_id"])


def test_lists_to_act_on_have_the_figures_of_the_page(tables: MapTables, shares: dict[str, MapTables]) -> None:
    f = AttentionFrame
    for share in shares.values():
        of_pcns = tables.attention[tables.attention[f.pcn_code].isin(share.pcns[PCN])]
        assert len(share.attention[share.attention[f.pcn_code].notna()]) == len(of_pcns)
        alone = share.attention[share.attention[f.pcn_code].isna()]
        told = share.operators.set_index(OperatorResultFrame.operator_id)
        left = told.loc[alone[f.operator_id], OperatorResultFrame.unmatched_hours]
        assert alone[f.hours].tolist() == left.tolist()


def test_the_whole_run_is_not_changed(tables: MapTables) -> None:
    before = {name: getattr(tables, name).copy() for name in MODELS}
    share_of(tables, tables.pcns[PcnResultFrame.icb_code].iloc[0])
    for name, frame in before.items():
        pd.testing.assert_frame_equal(pd.DataFrame(getattr(tables, name)), pd.DataFrame(frame))


def test_sites_are_those_of_the_icb(tables: MapTables, shares: dict[str, MapTables]) -> None:
    first = tables.choice.chosen[tables.choice.chosen["portfolio"].eq(1)]
    home = tables.pcns.set_index(PCN)[PcnResultFrame.icb_code]
    shown = 0
    for code, share in shares.items():
        expected = {site for site in tables.choice.chosen["site_id"] if home[site] == code}
        if share.choice is None:
            assert not expected
            continue
        assert set(share.choice.chosen["site_id"]) == expected
        mine = share.choice.chosen[share.choice.chosen["portfolio"].eq(1)]
        shown += len(mine)
        assert set(share.choice.plan[PCN]) <= set(share.pcns[PCN])
        assert share.choice.notes[0].startswith(f"{len(mine)} of the {len(first)} recommended sites")
        assert share.choice.draws.empty and share.choice.tradeoffs.empty
    assert shown == len(first)


def test_without_what_pledges_offer_those_given_here_are_here(tables: MapTables) -> None:
    bare = dataclasses.replace(tables, pledges=PledgeResultFrame.no_rows())
    a, share = AllocationResultFrame, share_of(bare, "Q01")
    assert set(share.allocation[a.pledge_id]) <= set(share.ledger[LedgerFrame.pledge_id])


def test_an_icb_that_is_not_there_is_refused(tables: MapTables) -> None:
    with pytest.raises(ConfigError, match="no PCN of the ICB X99"):
        share_of(tables, "X99")


def test_hostile_names_stay_text(tmp_path) -> None:
    tables = made_up_tables(80, 90, hostile=True)
    code = tables.pcns[PcnResultFrame.icb_code].iloc[0]
    share = share_of(tables, code)
    html = build_map(share)
    assert "<script>window.hit" not in html
    assert block(html)["facts"]["name"].startswith(HOSTILE[0])


def test_icbs_add_up_and_have_their_outlines(tables: MapTables) -> None:
    f = IcbResultFrame
    icbs = summarise_icbs(tables)
    f.validate(icbs)
    for name in (f.patients, f.demand_places, f.matched_places, f.unmet_places):
        assert icbs[name].sum() == tables.pcns[name].sum()
    assert icbs[f.pcns].sum() == len(tables.pcns)
    outlines = tables.outlines.set_index(OutlineFrame.area_code).geometry
    assert all(shapely.equals(row.geometry, outlines[row.icb_code]) for row in icbs.itertuples())
    first = tables.pcns[tables.pcns[PcnResultFrame.icb_code].eq(icbs[f.icb_code].iloc[0])]
    mean = np.average(first[PcnResultFrame.need_index], weights=first[PcnResultFrame.patients])
    assert icbs[f.need_index].iloc[0] == pytest.approx(mean)


def test_without_outlines_the_footprints_stand_for_them(tables: MapTables) -> None:
    bare = dataclasses.replace(tables, outlines=OutlineFrame.no_shapes())
    icbs, drawn = summarise_icbs(bare), summarise_icbs(tables)
    np.testing.assert_allclose(icbs.area, drawn.area, rtol=1e-6)
    assert not share_of(bare, icbs[IcbResultFrame.icb_code].iloc[0]).pcns.empty


def test_an_icb_without_demand_has_no_coverage(tables: MapTables) -> None:
    code = tables.pcns[PcnResultFrame.icb_code].iloc[0]
    nobody = tables.pcns[PcnResultFrame.icb_code].eq(code)
    pcns = tables.pcns.copy()
    pcns.loc[nobody, [PcnResultFrame.demand_places, PcnResultFrame.matched_places, PcnResultFrame.unmet_places]] = 0
    icbs = summarise_icbs(dataclasses.replace(tables, pcns=pcns)).set_index(IcbResultFrame.icb_code)
    assert np.isnan(icbs.loc[code, IcbResultFrame.coverage_share])
