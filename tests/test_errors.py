"""The tree of errors: what catches what, which exit code a planner's script sees, what a fault says."""

from __future__ import annotations

import inspect
import pickle

import pytest

from geomap import errors
from geomap.errors import (
    ConfigError,
    CrsError,
    DataError,
    Fault,
    GeomapError,
    InfeasibleError,
    KeyLinkError,
    OutputError,
    RowError,
    SchemaError,
    SolveError,
    tell_faults,
)

TREE = {
    GeomapError: (Exception, 1),
    DataError: (ValueError, 3),
    SchemaError: (TypeError, 3),
    CrsError: (ValueError, 3),
    KeyLinkError: (LookupError, 3),
    RowError: (ValueError, 3),
    ConfigError: (ValueError, 2),
    SolveError: (RuntimeError, 4),
    InfeasibleError: (RuntimeError, 4),
    OutputError: (OSError, 5),
}
"""Error → the builtin it also is, and its exit code."""
KINDS = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, BaseException)]


def test_the_tree_is_whole():
    assert set(KINDS) == set(TREE)


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_also_its_builtin_and_has_its_exit_code(kind):
    builtin, exit_code = TREE[kind]
    for caught in (builtin, GeomapError):
        with pytest.raises(caught, match="what to mend") as error:
            raise kind("what to mend")
        assert str(error.value) == "what to mend"
        assert error.value.exit_code == exit_code


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not GeomapError])
def test_each_stands_in_the_drawing_at_the_top_with_its_exit_code(kind):
    line = next(line for line in errors.__doc__.splitlines() if f" {kind.__name__} " in f"{line} ")
    if GeomapError in kind.__bases__:
        assert line.endswith(f"exit {kind.exit_code}")
    else:
        assert kind.exit_code == kind.__mro__[1].exit_code, "a kind of a kind has its exit code"
    own = [base.__name__ for base in kind.__bases__ if not issubclass(base, GeomapError) and base is not Exception]
    assert all(f"({name})" in line for name in own)


def test_kinds_do_not_catch_one_another():
    assert not issubclass(ConfigError, DataError)
    assert not issubclass(DataError, ConfigError)
    assert not issubclass(OutputError, (DataError, SolveError))
    assert issubclass(InfeasibleError, SolveError)
    assert {kind for kind in KINDS if issubclass(kind, DataError)} == {
        DataError, SchemaError, CrsError, KeyLinkError, RowError
    }  # fmt: skip


class TestFault:
    def test_all_that_is_known_of_the_place(self):
        fault = Fault(
            source="bank.xlsx", sheet="pledges", row=7, column="hours", value="-3", row_id="P12",
            problem="the number is below 0", remedy="Give hours of 0 or more.",
        )  # fmt: skip
        assert str(fault) == (
            "bank.xlsx, sheet pledges, row 7, column hours [P12]: the number is below 0 (value: '-3'). "
            "Give hours of 0 or more."
        )

    def test_what_is_not_known_is_not_told(self):
        fault = Fault(source="bank.xlsx", problem="it is empty", remedy="Fill it in.")
        assert str(fault) == "bank.xlsx: it is empty. Fill it in."

    def test_a_value_of_nought_is_told(self):
        assert "(value: '0')" in str(Fault(source="a", value="0", problem="p", remedy="R."))

    def test_a_line_break_in_a_cell_does_not_break_the_message(self):
        fault = Fault(source="a", column="PCN\r\nCode", value="one\ntwo", problem="p", remedy="R.")
        assert str(fault) == r"a, column PCN Code: p (value: 'one\ntwo'). R."

    def test_it_is_frozen_and_compares_by_what_it_holds(self):
        fault = Fault(source="a", problem="p", remedy="R.")
        assert fault == Fault(source="a", problem="p", remedy="R.")
        assert len({fault, Fault(source="a", problem="p", remedy="R.")}) == 1
        with pytest.raises(AttributeError):
            fault.row = 3


def rows_at_fault(count: int, column: str, **more: object) -> list[Fault]:
    return [Fault(source="b.csv", row=2 + i, column=column, problem="p", remedy="R.", **more) for i in range(count)]


class TestTelling:
    def test_what_is_wrong_with_a_whole_file_comes_first(self):
        whole = Fault(source="a.csv", problem="it is empty", remedy="Fill it in.")
        assert tell_faults([*rows_at_fault(1, "hours"), whole])[0] == str(whole)

    def test_columns_missing_alike_share_a_line(self):
        lines = tell_faults(
            Fault(source="a.csv", column=name, problem="the column is missing", remedy="Give another.") for name in "xy"
        )
        assert lines == ["a.csv: these columns are missing: x, y. Give another."]

    def test_faults_of_a_whole_file_that_differ_in_value_are_all_told(self):
        """As where two columns of a file are of the wrong kind, or two of its members cannot be read."""
        for column in ("", "x"):
            alike = [Fault(source="a.zip", column=column, value=v, problem="p", remedy="R.") for v in ("one", "two")]
            assert tell_faults(alike) == [str(fault) for fault in alike]

    def test_of_each_column_the_first_few_and_how_many_more(self):
        many, few = rows_at_fault(1205, "hours"), rows_at_fault(5, "unit")
        lines = tell_faults([*many, *few])
        assert lines == [*map(str, many[:5]), "b.csv, column hours: and 1,200 more.", *map(str, few)]

    def test_the_same_column_of_another_sheet_is_another(self):
        first, second = rows_at_fault(4, "hours", sheet="one"), rows_at_fault(4, "hours", sheet="two")
        assert tell_faults(first + second) == [*map(str, first), *map(str, second)]

    def test_rows_that_only_point_at_others_are_counted_at_the_end(self):
        follow = rows_at_fault(3, "unit", follows=True) + rows_at_fault(1, "unit", sheet="l", follows=True)
        lines = tell_faults([*follow, *rows_at_fault(1, "hours")])
        assert len(lines) == 2
        assert lines[1].endswith("cannot be used until they are corrected: 3 in b.csv, 1 in b.csv, sheet l.")

    def test_nothing_wrong(self):
        assert tell_faults([]) == []

    def test_the_error_keeps_all_even_where_it_tells_a_few(self):
        assert len(DataError(faults=rows_at_fault(40, "hours")).faults) == 40


class TestDataError:
    FAULTS = (Fault(source="a", problem="p", remedy="R."), Fault(source="b", row=2, problem="q", remedy="S."))

    @pytest.mark.parametrize("kind", [DataError, SchemaError, CrsError, KeyLinkError, RowError])
    def test_it_tells_every_fault_on_a_line_of_its_own(self, kind):
        error = kind("Two things to mend:", faults=iter(self.FAULTS))
        assert error.faults == self.FAULTS
        assert str(error) == "Two things to mend:\na: p. R.\nb, row 2: q. S."
        assert str(kind(faults=self.FAULTS)) == "a: p. R.\nb, row 2: q. S."

    def test_it_may_have_no_faults(self):
        assert DataError("no such file").faults == ()

    @pytest.mark.parametrize("kind", [DataError, KeyLinkError])
    def test_it_comes_whole_out_of_another_process(self, kind):
        error = pickle.loads(pickle.dumps(kind("Two:", faults=self.FAULTS)))
        assert (type(error), str(error), error.faults) == (kind, "Two:\na: p. R.\nb, row 2: q. S.", self.FAULTS)
