"""Run lengths against published tables and simulation; phase I, subgroups, short runs and the choice of a chart."""

import csv
from collections.abc import Callable
from json import loads
from pathlib import Path
from re import DOTALL, findall

import numpy as np
import pytest
from scipy.signal import lfilter

from jasang.analyze import control_charts as charts
from jasang.analyze.run_rules import ALL_RULES, WESTERN_ELECTRIC


# Montgomery, table 9.11 (after Lucas and Saccucci 1990), shifts 0, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4.
@pytest.mark.parametrize(
    ("weight", "multiple", "printed"),
    [
        (0.40, 3.054, "500 224 71.2 28.4 14.3 5.9 3.5 2.5 2.0 1.4"),
        (0.25, 2.998, "500 170 48.2 20.1 11.1 5.5 3.6 2.7 2.3 1.7"),
        (0.20, 2.962, "500 150 41.8 18.2 10.5 5.5 3.7 2.9 2.4 1.9"),
        (0.10, 2.814, "500 106 31.3 15.9 10.3 6.1 4.4 3.4 2.9 2.2"),
        (0.05, 2.615, "500 84.1 28.8 16.4 11.4 7.1 5.2 4.2 3.5 2.7"),
    ],
)
def test_ewma_run_lengths_match_the_published_table(weight: float, multiple: float, printed: str) -> None:
    shifts = (0, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4)

    made = [charts.ewma_run_length(weight=weight, multiple=multiple, shift=shift) for shift in shifts]

    # The table is itself rounded from a Markov chain approximation: one unit of the last digit.
    for value, text in zip(made, printed.split(), strict=True):
        assert abs(value - float(text)) <= 10.0 ** -len(text.partition(".")[2]), (value, text)


def test_cusum_run_lengths_with_a_head_start_match_lucas_and_crosier() -> None:
    made = [charts.cusum_run_length(k=0.5, h=5, shift=shift, head_start=0.5) for shift in (0, 0.5, 1, 2, 3)]

    assert made == pytest.approx([430, 28.7, 6.35, 2.36, 1.54], rel=0.002)


def test_siegmund_approximation_matches_the_textbook() -> None:
    assert charts.cusum_run_length(k=0.5, h=5, method="siegmund") == pytest.approx(469.1, abs=0.05)
    assert charts.cusum_run_length(k=0.5, h=5, shift=1.0, method="siegmund") == pytest.approx(10.34, abs=0.005)


# Montgomery, table 11.3 (after Prabhu and Runger 1997): limits for a run length of 200.
@pytest.mark.parametrize(
    ("variables", "printed"), [(2, "7.35 8.64 9.65 10.08 10.44"), (4, "11.22 12.73 13.87 14.34 14.71")]
)
def test_mewma_limits_match_the_published_table(variables: int, printed: str) -> None:
    made = [
        charts.mewma_limit(variables=variables, weight=weight, run_length=200.0)
        for weight in (0.05, 0.1, 0.2, 0.3, 0.5)
    ]

    assert made == pytest.approx([float(text) for text in printed.split()], abs=0.0101)


def test_charts_with_memory_alarm_as_often_as_their_run_length_says() -> None:
    generator = np.random.default_rng(8)
    first: dict[str, list[int]] = {"ewma": [], "cusum": []}
    for _ in range(400):
        values = generator.standard_normal(400) + 1.0
        ewma = charts.ewma_chart(values, target=0.0, sigma=1.0, weight=0.2, multiple=2.962, limits="asymptotic")
        cusum = charts.cusum_chart(values, target=0.0, sigma=1.0)
        for name, alarms in (("ewma", ewma.alarms), ("cusum", cusum.alarms)):
            first[name].append(int(np.argmax(alarms)) + 1)

    assert np.mean(first["ewma"]) == pytest.approx(10.5, rel=0.12)
    assert np.mean(first["cusum"]) == pytest.approx(10.38, rel=0.12)


def test_chart_widths_for_a_wished_run_length() -> None:
    multiple = charts.ewma_multiple(weight=0.1, run_length=500.0)
    decision = charts.cusum_decision(k=0.5, run_length=465.4435)

    assert multiple == pytest.approx(2.814, abs=5e-4)
    assert decision == pytest.approx(5.0, abs=1e-4)


def test_cusum_tells_when_and_where_the_mean_went() -> None:
    values = np.concatenate([np.zeros(20), np.full(15, 2.0)])

    chart = charts.cusum_chart(values, target=0.0, sigma=1.0)
    alarm = int(np.argmax(chart.alarms))

    assert alarm == 23  # 1.5 a point: beyond 5 at the fourth
    assert alarm - chart.since_above[alarm] + 1 == 20
    assert chart.estimated_mean(alarm) == pytest.approx(2.0)


@pytest.mark.parametrize("rules", [(1, 2), WESTERN_ELECTRIC, ALL_RULES])
def test_tabled_run_lengths_after_a_shift_are_those_of_the_simulation(rules: tuple[int, ...]) -> None:
    from jasang.analyze.control_charts.rule_run_length import _simulated

    for shift in (1.0, 2.0):
        tabled = charts.rule_run_length(rules, shift=shift)
        assert _simulated(tuple(sorted(rules)), shift, None, 4000, 9) == pytest.approx(tabled, rel=0.06)


def test_limits_from_few_values_alarm_more_unevenly() -> None:
    exact = charts.rule_run_length((1,))
    rough = charts.rule_run_length((1,), limits_from=30, runs=2000)

    assert exact == pytest.approx(370.398, abs=0.001)
    assert rough > 500  # the mean grows: some charts hardly ever alarm (Quesenberry 1993)


def test_baseline_leaves_outliers_out_with_the_reason() -> None:
    values = np.random.default_rng(1).normal(50, 1, 60)
    values[[10, 30, 31, 32]] = [62, 40, 40, 40]

    made = charts.individuals_baseline(values)

    assert made.stable
    assert set(made.rows_excluded) >= {10, 30, 31, 32}
    high = next(one for one in made.excluded if one.row == 10)
    assert (high.side, high.value, high.round) == ("above", 62.0, 1)
    assert high.limit < 55
    assert made.limits.sigma == pytest.approx(values[:10].std(), rel=0.3)  # with the outliers 2.8


def test_baseline_of_the_viscosities_is_the_revision_of_the_book(reference: Callable[[str], Path]) -> None:
    known = loads(reference("qcc_viscosity.json").read_text())
    values = np.array(known["data"]["x"])[:20]

    made = charts.individuals_baseline(values)

    assert made.rows_excluded.tolist() == [3]
    assert made.limits.centre == pytest.approx(float(known["expected"]["center_without_batch4"]), abs=5e-6)
    exact = float(known["expected"]["sigma_mr_without_batch4"]) * 1.128 / (2 / np.sqrt(np.pi))
    assert made.limits.sigma == pytest.approx(exact, abs=5e-8)


def test_baseline_out_of_control_says_so() -> None:
    values = np.repeat([0.0, 5.0, 20.0, -7.0, 12.0, 3.0], 10) + np.random.default_rng(2).normal(0, 0.5, 60)

    made = charts.individuals_baseline(values)

    assert not made.stable
    assert made.excluded == ()


def test_phases_have_their_own_limits() -> None:
    generator = np.random.default_rng(4)
    values = np.concatenate([generator.normal(10, 1, 40), generator.normal(20, 3, 40)])
    names = np.repeat(["old tool", "new tool"], 40)

    first, second = charts.phased_chart(values, names)

    assert (first.name, first.first, first.last) == ("old tool", 0, 39)
    assert (second.name, second.first, second.last) == ("new tool", 40, 79)
    assert first.baseline.limits.centre == pytest.approx(10, abs=0.6)
    assert second.baseline.limits.sigma > 2 * first.baseline.limits.sigma


def test_unequal_subgroups_get_limits_of_their_own() -> None:
    generator = np.random.default_rng(6)
    groups = [generator.normal(5, 2, size) for size in ([3, 5, 8] * 20)]

    s = charts.mean_deviation_chart(groups)
    pooled = charts.mean_deviation_chart(groups, sigma_from="pooled")
    r = charts.mean_range_chart(groups)

    widths = (s.location.upper - s.location.lower) / 2
    assert widths[0] * np.sqrt(3) == pytest.approx(widths[2] * np.sqrt(8))
    assert s.location.sigma == pytest.approx(2, rel=0.15)
    assert r.location.sigma == pytest.approx(2, rel=0.15)
    root = np.sqrt(sum((g.size - 1) * g.var(ddof=1) for g in groups) / sum(g.size - 1 for g in groups))
    assert (pooled.location.upper - pooled.location.lower)[1] / 2 == pytest.approx(charts.chart_factors(5)["A3"] * root)
    assert pooled.spread.upper[2] == pytest.approx(charts.chart_factors(8)["B4"] * root)


def test_laney_u_chart_allows_for_what_chance_does_not_explain() -> None:
    generator = np.random.default_rng(12)
    sizes = generator.integers(500, 900, 2000).astype(float)
    counts = generator.poisson(sizes * np.clip(generator.normal(0.1, 0.02, sizes.size), 0.01, None)).astype(float)

    plain = charts.u_chart(counts, sizes).beyond(counts / sizes).mean()
    laney = charts.u_chart(counts, sizes, laney=True).beyond(counts / sizes).mean()

    assert plain > 0.05
    assert laney < 0.006


def test_short_runs_are_brought_on_one_scale() -> None:
    generator = np.random.default_rng(14)
    parts = np.repeat(np.array(["A", "B", "C"] * 6), 12)
    level = {"A": 10.0, "B": 50.0, "C": 200.0}
    values = np.array([level[p] for p in parts]) + generator.normal(0, 1, parts.size) * np.where(parts == "C", 6, 1)

    deviation = charts.deviation_chart(values, parts, targets=level)
    scaled = charts.standardised_chart(values, parts)

    assert deviation.chart.location.centre == 0.0
    assert np.isnan(deviation.chart.spreads[11])  # no range over a change of part
    assert scaled.sigmas["C"] == pytest.approx(6, rel=0.25)
    assert scaled.sigmas["A"] == pytest.approx(1, rel=0.25)
    assert scaled.chart.location.beyond(scaled.chart.points).mean() < 0.02
    assert (float(scaled.chart.location.lower), float(scaled.chart.location.upper)) == (-3.0, 3.0)


def test_group_chart_holds_for_all_cavities_together_and_names_the_bad_one() -> None:
    generator = np.random.default_rng(15)
    healthy = generator.standard_normal((4000, 8))
    sick = healthy[:200].copy()
    sick[120:, 5] += 4.0

    quiet, loud = charts.group_chart(healthy), charts.group_chart(sick)

    assert quiet.alarms.mean() < 0.006
    assert np.bincount(loud.highest_stream[120:]).argmax() == 5
    assert loud.alarms[120:].mean() > 0.3
    assert loud.runs[5] > loud.expected_run
    assert quiet.runs.max() <= quiet.expected_run


def test_hotelling_limits_hold_and_parts_name_the_variable() -> None:
    generator = np.random.default_rng(16)
    mix = np.array([[1.0, 0.0, 0.0], [0.8, 0.6, 0.0], [0.3, 0.3, 0.9]])
    alarms, fresh_alarms = [], []
    for _ in range(200):
        chart = charts.hotelling_individuals(generator.standard_normal((60, 3)) @ mix.T, confidence=0.99)
        alarms.append(chart.alarms.mean())
        fresh_alarms.append((chart.distances(generator.standard_normal((60, 3)) @ mix.T) > chart.next_limit).mean())

    assert np.mean(alarms) == pytest.approx(0.01, abs=0.003)
    assert np.mean(fresh_alarms) == pytest.approx(0.01, abs=0.003)
    off = np.array([[0.0, 3.0, 0.0]])
    assert np.argmax(charts.contributions(off, np.zeros(3), mix @ mix.T)[0]) == 1
    with pytest.raises(ValueError, match="not independent"):
        charts.hotelling_individuals(np.column_stack([np.arange(30.0), 2 * np.arange(30.0)]))


def test_mewma_alarms_at_its_run_length_and_sees_a_small_shift() -> None:
    generator = np.random.default_rng(17)
    lengths = {0.0: [], 1.0: []}
    for shift, found in lengths.items():
        for _ in range(300):
            values = generator.standard_normal((1500, 2)) + np.array([shift, 0.0])
            alarms = charts.mewma_chart(
                values, centre=np.zeros(2), covariance=np.eye(2), weight=0.1, run_length=200.0
            ).alarms
            found.append(int(np.argmax(alarms)) + 1 if alarms.any() else 1500)

    assert np.mean(lengths[0.0]) == pytest.approx(200, rel=0.15)
    assert np.mean(lengths[1.0]) == pytest.approx(10.1, rel=0.1)  # Montgomery, table 11.4: 10.15


@pytest.mark.parametrize("kind", ["t2", "mewma"])
def test_table_chart_learns_from_the_baseline_and_names_the_column(kind: str) -> None:
    generator = np.random.default_rng(21)
    values = generator.standard_normal((400, 4)) + np.array([1.0, 20.0, 300.0, 0.0])
    values[:, 3] += values[:, 0]
    values[20] += 15.0  # in phase I
    values[300:, 2] += 4.0
    inside = np.arange(400) < 200

    made = charts.table_chart(values, kind=kind, baseline=inside)

    assert 20 in [one.row for one in made.chart.excluded]
    assert made.chart.alarms[40:300].mean() < 0.02
    assert made.chart.alarms[310:].mean() > (0.5 if kind == "t2" else 0.95)
    assert np.bincount(made.suspect[310:]).argmax() == 2


def test_bursts_labels_and_single_values_are_told_apart() -> None:
    generator = np.random.default_rng(18)
    values = generator.standard_normal(200)
    bursts = np.repeat(np.arange(40) * 3600, 5) + np.tile(np.arange(5) * 20, 40)
    lots = np.repeat(np.arange(50), 4)
    operators = np.repeat(np.array(["kim", "lee"] * 10), 10)

    by_time = charts.rational_subgroups(values, times=bursts)
    by_lot = charts.rational_subgroups(values, times=np.arange(200), labels={"operator": operators, "lot": lots})
    single = charts.rational_subgroups(values, times=np.arange(200) * 60, labels={"operator": operators})
    stops = charts.rational_subgroups(values, times=np.cumsum(np.where(generator.random(200) < 0.1, 3600, 60)))

    assert (by_time.source, by_time.groups, by_time.usual_size, by_time.even) == ("bursts", 40, 5, True)
    assert (by_time.interval, by_time.pause) == (20.0, 3520.0)
    assert (by_lot.source, by_lot.name, by_lot.usual_size) == ("label", "lot", 4)
    assert single.source == "none"
    assert stops.source == "none"  # a machine that stops now and then takes no samples


def test_the_choice_follows_the_data() -> None:
    generator = np.random.default_rng(19)
    values = generator.standard_normal(300)
    lots = charts.rational_subgroups(values, labels={"lot": np.repeat(np.arange(60), 5)})
    moved = values + np.repeat(generator.standard_normal(60) * 2, 5)
    nested = charts.rational_subgroups(moved, labels={"lot": np.repeat(np.arange(60), 5)})
    parts = np.repeat(np.array(["A", "B"] * 15), 10)
    sizes = generator.integers(80, 120, 60).astype(float)
    bad = generator.binomial(sizes.astype(int), 0.05).astype(float)
    wild = generator.binomial(2000, np.clip(generator.normal(0.05, 0.012, 60), 0, 1)).astype(float)

    chosen = {
        "single": charts.control_chart(values).kind,
        "memory": charts.control_chart(lfilter([1.0], [1.0, -0.8], values)).kind,
        "lots": charts.control_chart(values, subgroups=lots).kind,
        "nested": charts.control_chart(moved, subgroups=nested).kind,
        "parts": charts.control_chart(values + 5 * (parts == "A"), parts=parts).kind,
        "parts differ": charts.control_chart(values * np.where(parts == "A", 4, 1), parts=parts).kind,
        "same parts": charts.control_chart(values, parts=parts).kind,
        "shares": charts.count_chart(bad, sizes).kind,
        "equal": charts.count_chart(bad, np.full(60, 100.0)).kind,
        "wild": charts.count_chart(wild, np.full(60, 2000.0)).kind,
        "defects": charts.count_chart(bad, defectives=False).kind,
    }

    assert chosen == {
        "single": "imr",
        "memory": "residual",
        "lots": "xbar_r",
        "nested": "between_within",
        "parts": "deviation",
        "parts differ": "standardised",
        "same parts": "imr",
        "shares": "p",
        "equal": "np",
        "wild": "p_laney",
        "defects": "c",
    }


def test_one_call_chart_alarms_as_its_run_length_says() -> None:
    generator = np.random.default_rng(20)
    alarms = points = 0
    for _ in range(150):
        values = generator.standard_normal(600)
        chart = charts.control_chart(values, kind="imr", baseline=np.arange(600) < 300, rules=(1,))
        alarms += int(chart.alarms[300:].sum())
        points += 300

    assert alarms / points < 0.005


def test_run_length_of_a_lopsided_record_is_its_own() -> None:
    generator = np.random.default_rng(22)

    skewed = charts.control_chart(generator.exponential(1.0, 2000), kind="imr")
    fresh = generator.exponential(1.0, 100_000)
    beyond = np.mean((fresh > skewed.upper[0]) | (fresh < skewed.lower[0]))

    assert skewed.run_length < 30  # normal values: 110
    assert skewed.run_length < 1.2 / beyond
    assert charts.control_chart(generator.standard_normal(2000), kind="imr").run_length > 100


def test_lithography_means_are_charted_as_single_values(real_data: Callable[[str], Path]) -> None:
    lines = (real_data("spc_textbook") / "nist" / "MONITOR-6_6_1_1.DAT").read_text().splitlines()[25:]
    rows = [line.split() for line in lines if len(line.split()) == 6]
    cassette = np.array([int(row[0]) for row in rows])
    width = np.array([float(row[3]) for row in rows])

    groups = charts.rational_subgroups(width, labels={"cassette": cassette})
    made = charts.control_chart(width, subgroups=groups)
    plain = charts.mean_deviation_chart(width.reshape(30, 15)).location

    assert (groups.groups, groups.usual_size, made.kind) == (30, 15, "between_within")
    assert plain.beyond(width.reshape(30, 15).mean(axis=1)).sum() >= 8  # far too tight
    assert made.beyond.sum() <= 1


def test_handbook_and_dataplot_samples_give_the_figures_of_their_formulas(real_data: Callable[[str], Path]) -> None:
    folder = real_data("spc_textbook")
    lines = (folder / "nist" / "CCP.DAT").read_text().splitlines()[25:]
    rows = np.array([[float(v) for v in line.split()] for line in lines if len(line.split()) == 3])
    with (folder / "montgomery_flow_width.csv").open() as file:
        widths = np.array([float(row[-1]) for row in list(csv.reader(file))[1:]])

    p = charts.p_chart(rows[:, 0], rows[:, 1])
    flow = charts.control_chart(widths, subgroups=charts.equal_blocks(widths, 5))

    share = rows[:, 0].sum() / rows[:, 1].sum()
    assert p.centre == pytest.approx(share)
    assert p.upper == pytest.approx(share + 3 * np.sqrt(share * (1 - share) / rows[:, 1]))
    assert flow.kind == "xbar_r"
    assert (float(flow.upper[0]), float(flow.lower[0])) == pytest.approx((1.6933, 1.3180), abs=2e-4)


@pytest.mark.parametrize("page", ["control-charts.md", "control-charts.ko.md"])
def test_examples_of_the_documentation_run(page: str) -> None:
    text = (Path(__file__).parents[2] / "docs" / "analyses" / page).read_text("utf-8")
    names: dict[str, object] = {}

    for example in findall("```python\n(.*?)```", text, DOTALL):
        exec(example, names)

    assert names["charts"] is charts
