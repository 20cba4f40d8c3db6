"""Patients Registered at a GP Practice: who is counted once, who is in no PCN, which layouts are refused."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pandas as pd
import pytest

from geomap.errors import DataError, SchemaError
from geomap.load._read import read_csv
from geomap.load.registrations import load_list_sizes, load_lsoa_lists, load_practices
from geomap.schema import AccountingFrame, ListSizeFrame, LsoaListFrame, PracticeFrame

MAP_HEADING = (
    "PUBLICATION,EXTRACT_DATE,PRACTICE_CODE,PRACTICE_NAME,PRACTICE_POSTCODE,PCN_CODE,PCN_NAME,"
    "ONS_SUB_ICB_LOCATION_CODE,SUB_ICB_LOCATION_CODE,SUB_ICB_LOCATION_NAME,ONS_ICB_CODE,ICB_CODE,ICB_NAME,"
    "ONS_COMM_REGION_CODE,COMM_REGION_CODE,COMM_REGION_NAME,SUPPLIER_NAME\n"
)
AGE_HEADING = "PUBLICATION,EXTRACT_DATE,ORG_TYPE,ORG_CODE,ONS_CODE,POSTCODE,SEX,AGE_GROUP_5,NUMBER_OF_PATIENTS\n"
OLD = (
    "PUBLICATION,EXTRACT_DATE,TYPE,CCG_CODE,ONS_CCG_CODE,CODE,POSTCODE,SEX,AGE,NUMBER_OF_PATIENTS\n"
    "GP_PRAC_PAT_LIST,01JAN2021,GP,00L,E38000130,A84002,NE65 7UW,ALL,ALL,5903\n"
)


def write(folder: Path, text: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def map_row(practice: str, pcn: str, name: str = "A SURGERY") -> str:
    place = "E38000001,16C,Sub,E54000001,D7T5G,Icb,E40000001,Y63,Region,TPP"
    return f"GP_PRAC_PAT_LIST,01Jul2026,{practice},{name},TS18 1HU,{pcn},A PCN,{place}\n"


def ages(practice: str, women: dict[str, int], men: dict[str, int], total: int | None = None) -> str:
    """Rows of one practice as published: bands of each sex, an ALL row of each sex, one of both."""
    start = f"GP_PRAC_PAT_LIST,2026-07-01,GP,{practice},,TS18 1HU"
    both = sum(women.values()) + sum(men.values())
    rows = [f"{start},ALL,ALL,{both if total is None else total}"]
    for sex, bands in (("FEMALE", women), ("MALE", men)):
        rows += [f"{start},{sex},ALL,{sum(bands.values())}"]
        rows += [f"{start},{sex},{band},{patients}" for band, patients in bands.items()]
    return "".join(f"{row}\n" for row in rows)


def rows_by_status(accounting: pd.DataFrame) -> dict[str, int]:
    return accounting.groupby(AccountingFrame.status)[AccountingFrame.rows].sum().to_dict()


class TestPractices:
    def test_unallocated_is_no_pcn(self, tmp_path):
        loaded = load_practices(write(tmp_path, MAP_HEADING + map_row("A81001", "U89141") + map_row("A81002", "U")))
        frame = loaded.frame
        assert frame[PracticeFrame.pcn_code].isna().tolist() == [False, True]
        assert frame[PracticeFrame.pcn_name].isna().tolist() == [False, True]
        assert frame.index.tolist() == [0, 1]
        assert frame[PracticeFrame.icb_code].tolist() == ["D7T5G", "D7T5G"]
        assert loaded.vintage == "1 July 2026"
        assert any("in the practice map): 1;" in note for note in loaded.notes)

    def test_a_practice_twice(self, tmp_path):
        row = map_row("A81001", "U89141")
        text = MAP_HEADING + row + row + map_row("A81002", "U00001") + map_row("A81002", "U00002")
        loaded = load_practices(write(tmp_path, text))
        assert loaded.frame[PracticeFrame.practice_code].tolist() == ["A81001"]
        assert [fault.row for fault in loaded.faults] == [4, 5]
        assert rows_by_status(loaded.accounting) == {"used": 1, "not_used": 1, "rejected": 2}

    def test_codes_are_mended_and_counted(self, tmp_path):
        loaded = load_practices(write(tmp_path, MAP_HEADING + map_row("a81001 ", "U89141")))
        assert loaded.frame[PracticeFrame.practice_code].tolist() == ["A81001"]
        assert any("1 practice_code was written with spaces or small letters" in note for note in loaded.notes)

    def test_a_bad_code_is_a_fault_with_its_row(self, tmp_path):
        text = MAP_HEADING + map_row("A81001", "U89141") + map_row("A8-1!", "U89141") + map_row("", "U89141")
        loaded = load_practices(write(tmp_path, text))
        assert [(fault.row, fault.column) for fault in loaded.faults] == [(3, "PRACTICE_CODE"), (4, "PRACTICE_CODE")]
        assert rows_by_status(loaded.accounting) == {"used": 1, "rejected": 2}

    def test_the_layout_of_the_ccg_years_is_refused(self, tmp_path):
        with pytest.raises(DataError, match="Give gp-reg-pat-prac-map"):
            load_practices(write(tmp_path, OLD))

    def test_every_missing_column_is_named(self, tmp_path):
        with pytest.raises(SchemaError, match="Give gp-reg-pat-prac-map") as error:
            load_practices(write(tmp_path, AGE_HEADING))
        assert {"PRACTICE_CODE", "PCN_CODE", "ICB_CODE"} <= {fault.column for fault in error.value.faults}

    def test_july_2026(self, real_data):
        loaded = load_practices(real_data / "nhs_gp_registrations_2026-07/gp-reg-pat-prac-map.zip")
        frame = loaded.frame
        assert len(frame) == 6_139 == loaded.accounting[AccountingFrame.rows].sum()
        assert loaded.faults == ()
        assert loaded.vintage == "1 July 2026"
        assert frame[PracticeFrame.pcn_code].nunique() == 1_298
        assert "U" not in set(frame[PracticeFrame.pcn_code])
        unallocated = frame[frame[PracticeFrame.pcn_code].isna()]
        assert (len(unallocated), unallocated[PracticeFrame.icb_code].nunique()) == (52, 26)
        assert any("in the practice map): 52;" in note for note in loaded.notes)
        assert frame[PracticeFrame.icb_code].nunique() == 36
        assert frame[PracticeFrame.sub_icb_code].nunique() == 106
        icbs = frame.groupby(PracticeFrame.pcn_code)[PracticeFrame.icb_code].nunique()
        assert icbs[icbs > 1].to_dict() == {"U41591": 2}
        merged = {"D7T5G", "S0E4D", "S1Y5D", "S9B9J", "T6Y0W", "Z9B2Z"}
        assert merged <= set(frame[PracticeFrame.icb_code])

    def test_january_2021_is_refused(self, real_data):
        old = real_data / "nhs_gp_registrations_2021-01/gp-reg-pat-prac-all.csv"
        for load, wanted in ((load_practices, "gp-reg-pat-prac-map"), (load_list_sizes, "gp-reg-pat-prac-quin-age")):
            with pytest.raises(DataError, match=f"CCG years.*Give {wanted}"):
                load(old)


class TestListSizes:
    def test_only_bands_of_a_practice_are_summed(self, tmp_path):
        start = "GP_PRAC_PAT_LIST,2026-07-01,PCN,U89141,,"
        other = f"{start},ALL,ALL,10\n{start},MALE,0_4,10\n"
        text = AGE_HEADING + other + ages("A81001", {"0_4": 3, "95+": 1}, {"0_4": 4, "95+": 2})
        loaded = load_list_sizes(write(tmp_path, text))
        assert loaded.frame.to_numpy().tolist() == [["A81001", 0, 4, 7], ["A81001", 95, 120, 3]]
        told = loaded.accounting.set_index(AccountingFrame.reason)[AccountingFrame.rows].to_dict()
        assert told == {"another level: PCN": 2, "a total over ages or sexes": 3, "": 4}

    def test_a_practice_that_does_not_add_up_is_left_out_whole(self, tmp_path):
        good, wrong = ages("A81001", {"0_4": 3}, {"0_4": 4}), ages("A81002", {"0_4": 3}, {"0_4": 4}, total=8)
        loaded = load_list_sizes(write(tmp_path, AGE_HEADING + good + wrong))
        assert set(loaded.frame[ListSizeFrame.practice_code]) == {"A81001"}
        (fault,) = loaded.faults
        assert (fault.row, fault.row_id, fault.value) == (7, "A81002", "8")
        assert "add up to 7" in fault.problem
        assert loaded.accounting[AccountingFrame.rows].sum() == 10

    @pytest.mark.parametrize("cell", ["-1", "2.5", "*", ""])
    def test_a_bad_count_is_a_fault_and_its_practice_goes(self, tmp_path, cell):
        bad = ages("A81002", {"0_4": 3}, {"0_4": 4}).replace("MALE,0_4,4", f"MALE,0_4,{cell}")
        loaded = load_list_sizes(write(tmp_path, AGE_HEADING + ages("A81001", {"0_4": 3}, {"0_4": 4}) + bad))
        assert set(loaded.frame[ListSizeFrame.practice_code]) == {"A81001"}
        told = [(fault.row, fault.column, fault.value) for fault in loaded.faults]
        assert told == [(7, "NUMBER_OF_PATIENTS", "7"), (11, "NUMBER_OF_PATIENTS", cell)]
        assert loaded.accounting[AccountingFrame.rows].sum() == 10

    def test_an_odd_band_or_sex_is_a_fault(self, tmp_path):
        bad = ages("A81002", {"0-4": 3}, {"0_4": 4}).replace(",MALE,0_4", ",OTHER,0_4")
        loaded = load_list_sizes(write(tmp_path, AGE_HEADING + ages("A81001", {"0_4": 3}, {"0_4": 4}) + bad))
        assert {fault.column for fault in loaded.faults} == {"AGE_GROUP_5", "SEX", "NUMBER_OF_PATIENTS"}
        assert set(loaded.frame[ListSizeFrame.practice_code]) == {"A81001"}

    def test_a_practice_without_a_code_is_a_fault(self, tmp_path):
        text = AGE_HEADING + ages("A81001", {"0_4": 3}, {"0_4": 4}) + ages("", {"0_4": 3}, {"0_4": 4})
        loaded = load_list_sizes(write(tmp_path, text))
        assert [(fault.row, fault.column) for fault in loaded.faults] == [(row, "ORG_CODE") for row in range(7, 12)]
        assert loaded.frame[ListSizeFrame.patients].sum() == 7
        assert rows_by_status(loaded.accounting) == {"used": 2, "not_used": 3, "rejected": 5}

    def test_nothing_usable_is_an_error(self, tmp_path):
        with pytest.raises(DataError, match="none of its 5 rows can be used"):
            load_list_sizes(write(tmp_path, AGE_HEADING + ages("A81001", {"0_4": 3}, {"0_4": 4}, total=1)))

    def test_other_files_are_refused(self, tmp_path):
        for text in (OLD, MAP_HEADING):
            with pytest.raises(DataError, match="Give gp-reg-pat-prac-quin-age"):
                load_list_sizes(write(tmp_path, text))

    def test_july_2026(self, real_data):
        path = real_data / "nhs_gp_registrations_2026-07/gp-reg-pat-prac-quin-age.zip"
        loaded = load_list_sizes(path)
        frame = loaded.frame
        assert loaded.faults == ()
        assert frame[ListSizeFrame.patients].sum() == 63_436_508
        assert frame[ListSizeFrame.practice_code].nunique() == 6_139
        assert len(frame) == 6_139 * 20
        assert any("63,436,508 patients at 6,139 practices" in note for note in loaded.notes)
        assert loaded.accounting[AccountingFrame.rows].sum() == 326_241
        assert loaded.accounting.loc[loaded.accounting[AccountingFrame.status] == "used", "rows"].tolist() == [245_560]
        bands = frame[[ListSizeFrame.age_from, ListSizeFrame.age_to]].drop_duplicates().to_numpy().tolist()
        assert bands == [[age, age + 4] for age in range(0, 95, 5)] + [[95, 120]]

    def test_pcn_list_sizes_of_july_2026_agree_with_the_published_ones(self, real_data):
        folder = real_data / "nhs_gp_registrations_2026-07"
        practices = load_practices(folder / "gp-reg-pat-prac-map.zip").frame
        sizes = load_list_sizes(folder / "gp-reg-pat-prac-quin-age.zip").frame
        patients = sizes.groupby(ListSizeFrame.practice_code)[ListSizeFrame.patients].sum()
        pcn = practices.set_index(PracticeFrame.practice_code)[PracticeFrame.pcn_code]
        ours = patients.groupby(pcn).sum()
        assert (len(ours), ours.sum(), ours.min(), ours.max()) == (1_298, 63_216_178, 7_894, 270_256)
        assert ours.idxmax() == "U16464"
        assert patients[pcn.index[pcn.isna()]].sum() == 220_330
        raw = read_csv(folder / "gp-reg-pat-prac-quin-age.zip").frame
        stated = raw[(raw["ORG_TYPE"] == "PCN") & (raw["SEX"] == "ALL")].set_index("ORG_CODE")["NUMBER_OF_PATIENTS"]
        assert ours.to_dict() == stated.drop("U").astype("int64").to_dict()


class TestLsoaLists:
    ROWS = (
        ("A81001", "E01000001", 5),
        ("A81001", "E01000002", 7),
        ("A81001", "W01000001", 2),
        ("A81002", "CLOSED", 3),
        ("A81002", "E01000001", 1),
    )

    @staticmethod
    def text(rows, sexes=("ALL",), heading="NUMBER_OF_PATIENTS") -> str:
        lines = [f"PUBLICATION,EXTRACT_DATE,PRACTICE_CODE,PRACTICE_NAME,LSOA_CODE,SEX,{heading}"]
        lines += [f"P,01OCT2025,{p},N,{area},{sex},{n}" for sex in sexes for p, area, n in rows]
        return "\n".join(lines)

    @pytest.mark.parametrize("heading", ["NUMBER_OF_PATIENTS", "Number of Patients"])
    def test_both_spellings_and_areas_that_are_no_lsoa(self, tmp_path, heading):
        loaded = load_lsoa_lists(write(tmp_path, self.text(self.ROWS, heading=heading)))
        assert loaded.frame.to_numpy().tolist() == [
            ["A81001", "E01000001", 5],
            ["A81001", "E01000002", 7],
            ["A81002", "E01000001", 1],
        ]
        told = loaded.accounting.set_index(AccountingFrame.reason)[AccountingFrame.rows].to_dict()
        assert told == {"": 3, "the area is in Wales": 1, "no LSOA of England is given": 1}
        assert loaded.vintage == "1 October 2025"

    def test_sexes_are_summed_where_there_is_no_total(self, tmp_path):
        loaded = load_lsoa_lists(write(tmp_path, self.text(self.ROWS, sexes=("MALE", "FEMALE"))))
        assert loaded.frame[LsoaListFrame.patients].tolist() == [10, 14, 2]

    def test_sexes_are_not_added_to_the_total(self, tmp_path):
        loaded = load_lsoa_lists(write(tmp_path, self.text(self.ROWS, sexes=("ALL", "MALE", "FEMALE"))))
        assert loaded.frame[LsoaListFrame.patients].tolist() == [5, 7, 1]
        assert rows_by_status(loaded.accounting) == {"used": 3, "not_used": 12}

    def test_a_file_of_one_sex_is_refused(self, tmp_path):
        with pytest.raises(DataError, match=r"one sex only \(MALE\).*Give gp-reg-pat-prac-lsoa-all"):
            load_lsoa_lists(write(tmp_path, self.text(self.ROWS, sexes=("MALE",))))

    def test_the_member_of_all_is_taken_from_the_zip(self, tmp_path):
        path = tmp_path / "gp-reg-pat-prac-lsoa-male-female.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for sex in ("all", "male", "female"):
                archive.writestr(f"gp-reg-pat-prac-lsoa-{sex}.csv", self.text(self.ROWS, sexes=(sex.upper(),)))
        loaded = load_lsoa_lists(path)
        assert loaded.source.endswith("gp-reg-pat-prac-lsoa-all.csv")
        assert loaded.frame[LsoaListFrame.patients].sum() == 13

    def test_a_pair_given_twice_with_different_counts_is_a_fault(self, tmp_path):
        rows = (*self.ROWS, ("A81001", "E01000002", 8))
        loaded = load_lsoa_lists(write(tmp_path, self.text(rows)))
        assert [fault.row for fault in loaded.faults] == [3, 7]
        assert loaded.frame[LsoaListFrame.patients].tolist() == [5, 1]
        assert loaded.accounting[AccountingFrame.rows].sum() == 6

    def test_other_files_are_refused(self, tmp_path):
        for text in (OLD, MAP_HEADING):
            with pytest.raises(DataError, match="Give gp-reg-pat-prac-lsoa-all"):
                load_lsoa_lists(write(tmp_path, text))
