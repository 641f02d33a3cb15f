"""The truth of a made factory really is in its files: read back with plain Python and counted."""

import csv
import gzip
import io
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from python_calamine import CalamineWorkbook
from tests.factories.generator import make_factory
from tests.factories.made import RULES, MadeFactory, Planted
from tests.factories.writing import moments_as_text


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[MadeFactory]:
    into = tmp_path_factory.mktemp("factories")
    return [make_factory(seed, into) for seed in range(500, 524)]


def read(path: Path) -> list[dict[str, str]]:
    """The file's rows as texts, without any of our own reading code."""
    if path.suffix == ".parquet":
        return [{k: "" if v is None else str(v) for k, v in row.items()} for row in pl.read_parquet(path).to_dicts()]
    if path.suffix == ".xlsx":
        head, *rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
        return [dict(zip(map(str, head), map(str, row), strict=True)) for row in rows]
    raw = path.read_bytes()
    raw = gzip.decompress(raw) if path.suffix == ".gz" else raw
    for encoding in ("utf-8-sig", "cp949"):
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    separator = max(",;\t", key=text.splitlines()[0].count)
    return list(csv.DictReader(io.StringIO(text), delimiter=separator))


def truths(made: list[MadeFactory], rule: str) -> list[tuple[MadeFactory, Planted, list[dict[str, str]]]]:
    """Every planted problem of the rule with the rows of its own file; at least one, or the sample proves nothing."""
    found = [
        (one, truth, read(one.folder / truth.table)) for one in made for truth in one.planted if truth.rule == rule
    ]
    assert found, rule
    return found


def numbers(rows: list[dict[str, str]], truth: Planted) -> np.ndarray:
    """The planted column of a wide or long table, NaN where empty."""
    assert truth.column is not None
    if truth.column in rows[0]:
        cells = [row[truth.column] for row in rows]
    else:
        key = next(name for name, value in rows[0].items() if value and any(r[name] == truth.column for r in rows))
        cells = [list(row.values())[-1] for row in rows if row[key] == truth.column]
    return np.array([float(cell) if cell not in ("", "None") else np.nan for cell in cells])


def test_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    first, second = make_factory(501, tmp_path / "a"), make_factory(501, tmp_path / "b")

    assert [p.read_bytes() for p in sorted(first.folder.iterdir())] == [
        p.read_bytes() for p in sorted(second.folder.iterdir())
    ]
    assert first.planted == second.planted


def test_every_rule_is_planted_by_its_seed(made: list[MadeFactory]) -> None:
    assert [RULES[one.seed % 12] in {truth.rule for truth in one.planted} for one in made] == [True] * len(made)


def test_missing_cells_are_missing(made: list[MadeFactory]) -> None:
    for _, truth, rows in truths(made, "missing_data"):
        assert np.isnan(numbers(rows, truth)).mean() >= 0.012, truth  # 8 % of one machine of six at the least


def test_stuck_sensor_repeats_one_value(made: list[MadeFactory]) -> None:
    for _, truth, rows in truths(made, "stuck_sensor"):
        values = numbers([row for row in rows if truth.asset in row.values()] or rows, truth)
        values = values[~np.isnan(values)]
        edges = np.flatnonzero(np.concatenate([[True], np.diff(values) != 0, [True]]))
        assert np.diff(edges).max() >= 95, truth


def test_copied_rows_are_exact_copies(made: list[MadeFactory]) -> None:
    for _, truth, rows in truths(made, "duplicate_rows"):
        distinct = len({tuple(row.values()) for row in rows})
        assert len(rows) / distinct - 1 == pytest.approx(truth.size, abs=0.01), truth


def test_codes_stand_for_no_value(made: list[MadeFactory]) -> None:
    for _, truth, rows in truths(made, "sentinel_value"):
        values = numbers(rows, truth)
        assert (values == truth.size).sum() >= 15, truth
        rest = values[(values != truth.size) & ~np.isnan(values)]
        assert abs(truth.size - np.median(rest)) > 4 * 1.4826 * np.median(np.abs(rest - np.median(rest))), truth


def test_dead_channels_say_one_thing(made: list[MadeFactory]) -> None:
    for _, truth, rows in truths(made, "dead_channel"):
        values = numbers([row for row in rows if truth.asset in row.values()] if truth.asset else rows, truth)
        assert np.unique(values[~np.isnan(values)]).size == 1, truth


def test_limits_are_stated_where_a_problem_needs_them(made: list[MadeFactory]) -> None:
    for rule in ("off_centre", "excess_spread"):
        for one, truth, _ in truths(made, rule):
            text = (one.folder / "factory.toml").read_text(encoding="utf-8")
            assert f'[columns."{truth.column}"]' in text, truth


def test_stops_of_the_planted_reason_take_the_planted_share(made: list[MadeFactory]) -> None:
    for _, truth, rows in truths(made, "downtime"):
        mine = [row for row in rows if truth.asset in row.values()]
        assert sum(truth.level in row.values() for row in mine) >= 10, truth


def test_defects_are_many_where_the_driver_is_a_level(made: list[MadeFactory]) -> None:
    seen = 0
    for one, truth, rows in truths(made, "driver"):
        if truth.level is None or truth.since is not None or truth.product is not None or truth.outcome is None:
            continue
        bad = _bad_text(rows, truth.outcome)
        inside = [row[truth.outcome] == bad for row in rows if row[truth.column or ""] == truth.level]
        outside = [row[truth.outcome] == bad for row in rows if row[truth.column or ""] != truth.level]
        assert np.mean(inside) > 3 * np.mean(outside), (one.seed, truth)
        seen += 1
    assert seen > 0


def _bad_text(rows: list[dict[str, str]], column: str) -> str:
    """Defects are the rare ones in every made factory."""
    texts = [row[column] for row in rows]
    return min(set(texts), key=texts.count)


def test_a_healthy_factory_has_no_truth_and_no_copies(tmp_path: Path) -> None:
    for seed in range(500, 506):
        one = make_factory(seed, tmp_path, ())
        units = next(path for path in one.folder.iterdir() if path.name.startswith(("units", "생산실적", "production")))
        rows = read(units)
        assert one.planted == ()
        assert len({tuple(row.values()) for row in rows}) == len(rows)


def test_korean_clock_is_written_as_a_korean_pc_writes_it() -> None:
    moments = [datetime(2025, 3, 4, hour, 5, 9, tzinfo=UTC).timestamp() for hour in (0, 9, 12, 23)]

    written = moments_as_text(np.array(moments), "korean seconds")

    assert written == [
        "2025-03-04 오전 12:05:09",
        "2025-03-04 오전 9:05:09",
        "2025-03-04 오후 12:05:09",
        "2025-03-04 오후 11:05:09",
    ]


def test_time_order_of_a_file_is_by_time_or_by_machine(made: list[MadeFactory]) -> None:
    for one in made:
        if one.traits["clock"] != "%Y-%m-%d %H:%M:%S" or one.traits["suffix"] != ".csv":
            continue
        path = next(p for p in one.folder.iterdir() if p.name.startswith(("units", "생산실적", "production")))
        stamps = [next(iter(row.values())) for row in read(path)]
        steps_back = sum(later < earlier for earlier, later in pairwise(stamps))
        copies = any(truth.rule == "duplicate_rows" for truth in one.planted)
        assert steps_back <= int(one.traits["machines"]) - 1 + copies, one.seed  # type: ignore[call-overload]
