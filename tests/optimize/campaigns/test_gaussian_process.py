"""The process, its gradient, and the geometry of several goals."""

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from jasang.optimize.campaigns.acquisition import log_expected_improvement
from jasang.optimize.campaigns.outcome_scale import candidate_scales
from jasang.optimize.campaigns.pareto import box_gains, dominated_volume, open_boxes, undominated
from jasang.optimize.campaigns.process import Prior, fit, negative_evidence


def test_gradient_matches_finite_differences() -> None:
    generator = np.random.default_rng(1)
    columns, outcomes = generator.random((15, 3)), generator.standard_normal(15)
    weights, prior = generator.uniform(0.5, 2.0, 15), Prior.of(np.array([True, True, False]))

    for theta in (np.array([-0.5, 0.2, 0.9, 0.3, -2.0]), np.array([1.0, -1.0, 0.0, 2.0, -5.0])):
        _, gradient = negative_evidence(theta, columns, outcomes, weights, prior)
        numeric = optimize.approx_fprime(
            theta, lambda at: negative_evidence(at, columns, outcomes, weights, prior)[0], 1e-6
        )
        assert gradient == pytest.approx(numeric, rel=1e-3, abs=1e-3)


def test_process_passes_through_exact_records_and_left_out_matches_leaving_out() -> None:
    columns = np.linspace(0, 1, 9)[:, None]
    outcomes = np.sin(5 * columns[:, 0])
    process = fit(columns, outcomes)

    mean, deviation = process.left_out()
    without = process.given(columns[1:], outcomes[1:], np.ones(8))
    expected, spread = without.predict(columns[:1])

    assert process.predict(columns)[0] == pytest.approx(outcomes, abs=1e-2)
    assert mean[0] == pytest.approx(expected[0], abs=1e-5)
    assert deviation[0] ** 2 == pytest.approx(spread[0] ** 2 + process.noise, rel=1e-2)


def test_noise_is_learnt() -> None:
    generator = np.random.default_rng(4)
    columns = generator.random((80, 1))
    outcomes = np.sin(6 * columns[:, 0]) + 0.3 * generator.standard_normal(80)

    assert np.sqrt(fit(columns, outcomes).noise) == pytest.approx(0.3, abs=0.06)


@pytest.mark.parametrize("z", [-30.0, -5.0, -1.0, 0.0, 2.0])
def test_log_expected_improvement_is_exact(z: float) -> None:
    tail, _ = integrate.quad(lambda t: t * np.exp(z * t - t * t / 2), 0, max(z, 0) + 40, points=[max(z, 0)])
    # φ(z) + zΦ(z) = ∫ t φ(t − z) dt over t > 0 = φ(z) ∫ t exp(zt − t²/2) dt
    assert log_expected_improvement(np.array([z]))[0] == pytest.approx(stats.norm.logpdf(z) + np.log(tail), abs=1e-6)


@pytest.mark.parametrize("goals", [2, 3])
def test_boxes_give_the_gain_of_hypervolume(goals: int) -> None:
    generator = np.random.default_rng(goals)
    losses, reference = generator.random((12, goals)), np.full(goals, 1.1)
    low, high = open_boxes(losses, reference)

    for candidate in generator.random((20, goals)):
        reach = [box_gains(candidate[place], low[:, place], high[:, place]) for place in range(goals)]
        gained = dominated_volume(np.vstack([losses, candidate]), reference) - dominated_volume(losses, reference)
        assert np.prod(reach, axis=0).sum() == pytest.approx(gained, abs=1e-12)


def test_undominated_keeps_the_first_of_equal_rows() -> None:
    assert undominated(np.array([[1.0, 2.0], [1.0, 2.0], [2.0, 1.0], [2.0, 2.0]])).tolist() == [
        True,
        False,
        True,
        False,
    ]


def test_scales_lead_back() -> None:
    values = np.array([0.5, 2.0, 30.0, 900.0])
    for scale in [*candidate_scales(values, None), *candidate_scales(values - 10.0, 0.0)]:
        shown = values if scale.shape != "signed log" else values - 10.0
        assert scale.backward(scale.forward(shown)) == pytest.approx(shown)
