"""Which raw values mean a defect."""

import polars as pl
import pytest

from jasang.analyze.roles import infer_table
from jasang.analyze.roles.behaviour import behaviour
from jasang.analyze.roles.verdict import bad_values, main_flag


@pytest.mark.parametrize(
    ("header", "common", "rare", "bad"),
    [
        ("passorfail", 0, 1, ("1",)),
        ("PassOrFail", "Y", "N", ("n",)),
        ("불량여부", "N", "Y", ("y",)),
        ("양품여부", 1, 0, ("0",)),
        ("is_good", True, False, ("false",)),
        ("label", -1, 1, ("1",)),
        ("anomaly", 1, -1, ("-1",)),
        ("판정", "OK", "NG", ("ng",)),
        ("판정", "O", "X", ("x",)),
        ("검사결과", "양호", "불량", ("불량",)),
        ("합부", "합격", "불합격", ("불합격",)),
        ("X9", 0.0, 1.0, ("1",)),
        ("Ergebnis", "IO", "NIO", ("nio",)),
    ],
)
def test_bad_value_of_rarely_bad_column(header: str, common: object, rare: object, bad: tuple[str, ...]) -> None:
    series = pl.Series(header, [rare if i % 25 == 0 else common for i in range(500)])

    assert bad_values(header, behaviour(series)) == bad


@pytest.mark.parametrize(
    ("header", "good", "bad_one", "bad"),
    [("불량여부", 0, 1, ("1",)), ("판정", "OK", "NG", ("ng",)), ("합격여부", "Y", "N", ("n",))],
)
def test_meaning_outranks_rarity_where_most_are_bad(
    header: str, good: object, bad_one: object, bad: tuple[str, ...]
) -> None:
    series = pl.Series(header, [good if i % 4 == 0 else bad_one for i in range(200)])

    assert bad_values(header, behaviour(series)) == bad


def test_column_of_good_units_only_names_what_would_be_bad() -> None:
    assert bad_values("판정", behaviour(pl.Series("판정", ["OK"] * 50))) == ("ng",)


def test_flag_that_covers_the_others_is_the_verdict() -> None:
    overall = [1 if i % 10 == 0 else 0 for i in range(400)]
    burr = [1 if i % 20 == 0 else 0 for i in range(400)]
    gas = [1 if i % 20 == 10 else 0 for i in range(400)]
    frame = pl.DataFrame({"버": burr, "가스": gas, "불량": overall})
    found = {name: behaviour(frame[name]) for name in frame.columns}

    assert main_flag(frame.columns, frame, found, dict.fromkeys(frame.columns, 0.5)) == "불량"


def test_flags_that_part_all_rows_are_kinds_without_a_verdict() -> None:
    frame = pl.DataFrame({f"fault_{k}": [1 if i % 3 == k else 0 for i in range(300)] for k in range(3)})

    table = infer_table("faults.csv", frame, frame.height).table

    assert ([column.role.value for column in table.columns], table.bad_values) == (["reason"] * 3, ())


def test_column_filled_only_beside_defects_is_their_reason() -> None:
    bad = [i % 20 == 0 for i in range(600)]
    frame = pl.DataFrame(
        {
            "판정": ["NG" if x else "OK" for x in bad],
            "col_7": [("aa", "bb")[i % 3 == 0] if x else None for i, x in enumerate(bad)],
            "V1": [float(i % 17) * 1.7 for i in range(600)],
        }
    )

    table = infer_table("units.csv", frame, frame.height).table

    assert (table.column("col_7").role.value, table.reason_column) == ("reason", "col_7")
