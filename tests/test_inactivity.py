"""Inactivity by district: the latest figure that is known, as a share; marks of suppression are unknown."""

from __future__ import annotations

from pathlib import Path

import pytest

from geomap.errors import DataError, SchemaError
from geomap.load.inactivity import load_inactivity
from geomap.schema import AccountingFrame, InactivityFrame

TRIMMED = "area_code,area_name,area_type,period,indicator,measure,unit,value,compared_to_England,inequality\n"
NAME = "Percentage of physically inactive adults"


def trimmed(code: str, period: str, value: str, kind: str = "District", indicator: str = NAME) -> str:
    return f"{code},A name,{kind},{period},{indicator},Percentage,Persons,{value},Not compared,NA\n"


def export(code: str, period: str, value: str, **other: str) -> str:
    cells = {
        "Indicator ID": "93015", "Indicator Name": f"{NAME} (aged 19+)", "Parent Code": "E92000001",
        "Area Code": code, "AreaName": "A, name", "Area Type": "Districts & UAs (from Apr 2023)", "Sex": "Persons",
        "Age": "19+ yrs", "Category Type": "", "Category": "", "Time period": period, "Value": value,
        "Time period Sortable": period[:4] + "0000",
    }  # fmt: skip
    cells |= other
    return ",".join(f'"{cell}"' for cell in cells.values()) + "\n"


EXPORT = (
    '\ufeff"Indicator ID","Indicator Name","Parent Code","Area Code","AreaName","Area Type","Sex","Age",'
    '"Category Type","Category","Time period","Value","Time period Sortable"\n'
)


def write(folder: Path, text: str, name: str = "inactive.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def shares(loaded) -> dict[str, float]:
    return loaded.frame.set_index(InactivityFrame.lad_code)[InactivityFrame.inactive_share].round(6).to_dict()


def test_the_latest_figure_of_each_district_as_a_share(tmp_path):
    text = TRIMMED + "".join(
        [
            trimmed("E92000001", "2024/25", "22.3", "Country"),
            trimmed("E07000026", "2020/21", "25.0"),
            trimmed("E07000026", "2021/22", "23.4"),
            trimmed("E06000001", "2023/24", "30", "UA"),
            trimmed("E06000001", "2024/25", "28.5", "UA"),
            trimmed("E10000003", "2024/25", "20", "County"),
        ]
    )
    loaded = load_inactivity(write(tmp_path, text))
    assert shares(loaded) == {"E07000026": 0.234, "E06000001": 0.285}
    assert loaded.vintage == "2024/25"
    assert any("Districts without a figure for 2024/25, mostly abolished ones: 1;" in note for note in loaded.notes)
    assert loaded.accounting[AccountingFrame.rows].sum() == 6


@pytest.mark.parametrize("mark", ["*", "c", "[c]", "-", "", "NA"])
def test_a_suppressed_figure_is_unknown(tmp_path, mark):
    rows = [("E07000026", "2023/24", "23.4"), ("E07000026", "2024/25", mark), ("E07000027", "2024/25", mark)]
    loaded = load_inactivity(write(tmp_path, TRIMMED + "".join(trimmed(*row) for row in rows)))
    assert shares(loaded) == {"E07000026": 0.234}
    told = loaded.accounting.set_index(AccountingFrame.reason)[AccountingFrame.rows].to_dict()
    assert told == {"": 1, "no figure is given": 2}


def test_the_official_export(tmp_path):
    text = EXPORT + "".join(
        [
            export("E07000026", "2023/24", "25"),
            export("E07000026", "2024/25", "20.5"),
            export("E06000001", "2024/25", "30"),
            export("E06000001", "2024/25", "30", **{"Area Type": "Counties & UAs (from Apr 2023)"}),
            export("E06000001", "2024/25", "45", **{"Category Type": "Disability", "Category": "Disabled"}),
            export("E06000001", "2024/25", "33", Sex="Female"),
            export("E12000001", "2024/25", "24", **{"Area Type": "Regions (statistical)"}),
            export("E07000027", "2024/25", "44", **{"Indicator Name": "Percentage of physically active adults"}),
        ]
    )
    loaded = load_inactivity(write(tmp_path, text))
    assert shares(loaded) == {"E07000026": 0.205, "E06000001": 0.3}
    told = loaded.accounting.set_index(AccountingFrame.reason)[AccountingFrame.rows].to_dict()
    assert told == {
        "": 2,
        "an older period: 2023/24": 1,
        "the same row stands above": 1,
        "part of an area's people only": 1,
        "one sex only": 1,
        "another kind of area: Regions (statistical)": 1,
        "another indicator": 1,
    }


def test_figures_that_do_not_hold_are_faults(tmp_path):
    values = {"E07000026": "101", "E07000027": "-3", "E07000028": "1O", "E07000029": "23"}
    loaded = load_inactivity(write(tmp_path, TRIMMED + "".join(trimmed(c, "2024/25", v) for c, v in values.items())))
    assert shares(loaded) == {"E07000029": 0.23}
    assert [(fault.row, fault.value) for fault in loaded.faults] == [(2, "101"), (3, "-3"), (4, "1O")]


def test_two_figures_for_one_district_and_period_are_faults(tmp_path):
    text = TRIMMED + trimmed("E07000026", "2024/25", "20") + trimmed("E07000026", "2024/25", "21")
    loaded = load_inactivity(write(tmp_path, text + trimmed("E07000027", "2024/25", "22")))
    assert [fault.row for fault in loaded.faults] == [2, 3]
    assert shares(loaded) == {"E07000027": 0.22}


def test_shares_where_percentages_are_wanted_are_refused(tmp_path):
    with pytest.raises(DataError, match="no figure is above 1"):
        load_inactivity(write(tmp_path, TRIMMED + trimmed("E07000026", "2024/25", "0.234")))


def test_other_files_are_refused(tmp_path):
    active = TRIMMED + trimmed("E07000026", "2024/25", "66", indicator="Percentage of physically active adults")
    with pytest.raises(DataError, match="of another indicator.*93015"):
        load_inactivity(write(tmp_path, active))
    lives = '"Trends","",""\n"Levels of activity","",""\n"","Nov 15-16","Nov 16-17"\n"Adur LA","13.7%","-"\n'
    with pytest.raises(DataError, match="Active Lives Online.*Fingertips download of indicator 93015"):
        load_inactivity(write(tmp_path, lives))
    with pytest.raises(SchemaError, match="93015"):
        load_inactivity(write(tmp_path, "a,b\n1,2\n"))


def test_the_real_trimmed_file(real_data):
    loaded = load_inactivity(real_data / "fingertips_local_authority/inactive_adults.csv")
    frame = loaded.frame
    assert (len(frame), loaded.vintage, loaded.faults) == (315, "2024/25", ())
    assert shares(loaded)["E08000038"] == shares(loaded)["E08000016"], "Barnsley, under both its codes"
    assert loaded.accounting[AccountingFrame.rows].sum() == 3_089
    assert any("mostly abolished ones: 17;" in note for note in loaded.notes), "those abolished in April 2023"
    assert frame[InactivityFrame.inactive_share].between(0.05, 0.5).all()
    assert shares(loaded)["E07000026"] == 0.234, "Allerdale, from its last year"


def test_real_files_of_other_kinds_are_refused(real_data):
    for name in ("fingertips_local_authority/active_adults.csv", "fingertips_export_format/Map_1.csv"):
        with pytest.raises(DataError, match="of another indicator"):
            load_inactivity(real_data / name)
    exports = sorted((real_data / "sport_england_active_lives").glob("*.csv"))
    assert len(exports) == 7
    for path in exports:
        with pytest.raises(DataError, match="Active Lives Online"):
            load_inactivity(path)
