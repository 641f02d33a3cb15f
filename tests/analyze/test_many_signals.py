"""The fast survey of many signals gives what the plain charts give, bit for bit where it counts points."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jasang.analyze import control_charts as charts
from jasang.analyze.capability import process_capability
from jasang.analyze.run_rules import ALL_RULES, nelson_rules


def record(seed: int, length: int, digits: int, wander: bool, missing: float) -> np.ndarray:
    generator = np.random.default_rng(seed)
    values = generator.standard_normal(length)
    if wander:
        values = 0.3 * np.cumsum(values)
    values = values.round(digits)  # ties and values on the lines
    values[generator.random(length) < missing] = np.nan
    return values


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    length=st.integers(1, 700),
    digits=st.integers(0, 6),
    wander=st.booleans(),
    missing=st.sampled_from([0.0, 0.0, 0.05]),
    sigma=st.sampled_from([0.3, 0.5, 1.0, 2.0]),
    centre=st.sampled_from([0.0, 0.1, -0.7]),
    kind=st.sampled_from([np.float32, np.float64]),
)
def test_rules_on_bits_are_the_rules(seed, length, digits, wander, missing, sigma, centre, kind) -> None:
    values = record(seed, length, digits, wander, missing).astype(kind)

    plain = nelson_rules(values, centre=centre, sigma=sigma)
    packed = charts.packed_rules(values, centre=centre, sigma=sigma)

    assert (packed == plain).all()


@pytest.mark.parametrize("length", [16384, 16385, 3 * 16384 + 70])
def test_rules_on_bits_reach_over_chunks(length: int) -> None:
    values = record(5, length, 1, True, 0.001)

    assert (charts.packed_rules(values, centre=0.5, sigma=9.0) == nelson_rules(values, centre=0.5, sigma=9.0)).all()


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("across", [False, True])
def test_survey_matches_the_plain_charts(kind: type, across: bool) -> None:
    signals = np.stack(
        [record(seed, 40_000, 2 + seed % 3, seed % 2 == 1, 0.01 * (seed % 4 == 3)) for seed in range(20)]
    )
    signals = (50.0 + 3.0 * signals).astype(kind)
    given_signals = np.asfortranarray(signals) if across else signals

    made = charts.survey_signals(given_signals, low=40.0, high=61.0, keep_flags=True)

    for place, values in enumerate(signals):
        exact = values.astype(np.float64)
        plain = charts.individuals_chart(exact)
        fits = process_capability(exact, low=40.0, high=61.0, sigma=plain.location.sigma)
        rules = nelson_rules(exact, centre=made.mean[place], sigma=made.sigma[place], rules=ALL_RULES)
        anywhere = rules.any(axis=0)
        assert made.mean[place] == pytest.approx(plain.location.centre, rel=1e-12)
        assert made.sigma[place] == pytest.approx(plain.location.sigma, rel=1e-12)
        assert made.lower[place] == pytest.approx(float(plain.location.lower), rel=1e-11)
        assert made.cpk[place] == pytest.approx(fits.cpk, rel=1e-10)
        assert made.ppk[place] == pytest.approx(fits.ppk, rel=1e-10)
        assert made.below[place] == np.count_nonzero(exact < 40.0)
        assert made.above[place] == np.count_nonzero(exact > 61.0)
        assert (made.rule_flags(place) == rules).all()
        assert made.rule_points[place].tolist() == rules.sum(axis=1).tolist()
        assert made.alarm_points[place] == anywhere.sum()
        assert made.first_alarm[place] == (np.argmax(anywhere) if anywhere.any() else -1)


def test_constant_empty_and_short_signals_have_no_limits() -> None:
    made = charts.survey_signals([np.full(100, 7.0), np.full(70, np.nan), np.array([1.0])])

    assert made.sigma[0] == 0.0
    assert np.isnan(made.sigma[1:]).all()
    assert made.alarm_points.tolist() == [0, 0, 0]
    assert made.first_alarm.tolist() == [-1, -1, -1]
    assert made.known.tolist() == [100, 0, 1]
    with pytest.raises(ValueError, match="keep_flags"):
        made.rule_flags(0)
