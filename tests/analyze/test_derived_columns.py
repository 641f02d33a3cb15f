"""Columns computed from others are told with their parts; columns that only go together are not."""

import numpy as np
import pytest

from jasang.analyze.derived_columns import derived_columns

RNG = np.random.default_rng(8)
LEFT, RIGHT = RNG.normal(270, 2, 800).round(1), RNG.normal(272, 3, 800).round(1)


@pytest.mark.parametrize(
    ("kind", "parts", "values"),
    [
        ("sum", ("left", "right"), LEFT + RIGHT),
        ("difference", ("right", "left"), RIGHT - LEFT),
        ("mean", ("left", "right"), ((LEFT + RIGHT) / 2).round(1)),
        ("product", ("left", "right"), (LEFT * RIGHT).round(0)),
        ("ratio", ("left", "right"), (LEFT / RIGHT).round(4)),
        ("copy", ("left",), (LEFT * 1.8 + 32).round(1)),
        ("copy", ("left",), LEFT),
    ],
)
def test_derived_column_is_told_with_its_parts(kind: str, parts: tuple[str, ...], values: np.ndarray) -> None:
    noise = RNG.normal(0, 1, 800)

    (found,) = derived_columns({"left": LEFT, "noise": noise, "right": RIGHT, "made": values})

    assert (found.column, found.kind.value, found.parts) == ("made", kind, parts)


def test_few_wrong_rows_and_missing_values_do_not_hide_a_sum() -> None:
    total = LEFT + RIGHT
    total[[5, 300]] = [0.0, 9999.0]
    left = LEFT.copy()
    left[::7] = np.nan

    assert [d.column for d in derived_columns({"left": left, "right": RIGHT, "total": total})] == ["total"]


@pytest.mark.filterwarnings("error")
def test_ratio_with_zeros_below_the_line_is_told_without_a_warning() -> None:
    below = RIGHT.copy()
    below[::5] = 0.0
    with np.errstate(divide="ignore"):
        made = np.where(below > 0, (LEFT / below).round(4), 0.0)

    found = derived_columns({"left": LEFT, "below": below, "made": made})

    assert {one.column for one in found} <= {"made"}


def test_columns_that_only_go_together_are_measurements() -> None:
    wave = np.cumsum(RNG.normal(0, 1, 800))
    columns = {f"zone_{n}": (200 + wave + RNG.normal(0, 0.3, 800)).round(1) for n in range(12)}

    assert derived_columns(columns) == ()


def test_coarse_columns_agree_by_chance_and_are_left_alone() -> None:
    columns = {f"count_{n}": RNG.integers(0, 12, 800).astype(float) for n in range(12)}

    assert derived_columns(columns) == ()


def test_real_press_total_is_the_sum_of_both_sides(real_data) -> None:  # type: ignore[no-untyped-def]
    import polars as pl

    frame = pl.read_csv(next(real_data("kamp_press").glob("*.csv*")), infer_schema_length=None)
    columns = {
        name: frame[name].cast(pl.Float64, strict=False).to_numpy()
        for name in ("pressure_1", "pressure_2", "pressure_3")
    }

    (found,) = derived_columns(columns)

    assert (found.column, found.kind.value, found.parts) == ("pressure_3", "sum", ("pressure_1", "pressure_2"))
