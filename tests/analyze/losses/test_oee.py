"""OEE against the published example, in part, and where the input cannot be."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from jasang.analyze.losses import key_figures, known_figures, oee, six_big_losses


def test_oee_of_the_published_widget_line_to_every_printed_digit(reference: Callable[[str], Path]) -> None:
    case = json.loads(reference("oee_widget.json").read_text(encoding="utf-8"))
    given = case["params"]

    shift = oee(
        planned_s=60.0 * (given["shift_min"] - given["breaks_min"]),
        stop_s=60.0 * given["stop_min"],
        ideal_cycle_s=given["ideal_cycle_s"],
        total=given["total_count"],
        rejects=given["reject_count"],
    )

    found = {
        "planned_production_min": (shift.planned_s or 0) / 60,
        "run_min": (shift.run_s or 0) / 60,
        "availability": shift.availability,
        "performance": shift.performance,
        "quality": shift.quality,
        "oee": shift.oee,
    }
    assert set(found) == set(case["expected"])
    for name, printed in case["expected"].items():
        digits = len(printed.partition(".")[2])
        assert found[name] == pytest.approx(float(printed), abs=0.5 * 10.0**-digits), name
    for name, exact in case["expected_high_precision"].items():
        assert found[name] == pytest.approx(float(exact), rel=1e-14), name


def test_oee_without_quality_is_an_upper_bound_that_says_so() -> None:
    partial = oee(planned_s=420 * 60, run_s=373 * 60, ideal_cycle_s=1.0, total=19271)

    assert partial.missing == ("quality",)
    assert not partial.complete
    assert partial.oee == pytest.approx(19271 / (420 * 60))
    assert partial.quality is None
    assert partial.meaning.en == (
        "Quality cannot be known; this is availability and performance only. The true OEE cannot be higher."
    )
    assert (
        partial.meaning.ko == "양품률을 알 수 없어 가동률·성능으로만 셈했습니다. 실제 OEE는 이 값보다 높을 수 없습니다."
    )


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"planned_s": 10.0, "run_s": 8.0}, ("performance", "quality")),
        ({"total": 10.0, "good": 9.0}, ("availability", "performance")),
        ({"run_s": 8.0, "total": 4.0, "ideal_cycle_s": 1.5}, ("availability", "quality")),
        ({}, ("availability", "performance", "quality")),
        ({"planned_s": 0.0, "run_s": 0.0}, ("availability", "performance", "quality")),
    ],
)
def test_missing_factors_are_named(given: dict[str, float], missing: tuple[str, ...]) -> None:
    assert oee(**given).missing == missing


def test_pieces_and_planned_time_alone_give_the_whole_oee_but_not_its_parts() -> None:
    day = oee(planned_s=1000, ideal_cycle_s=8, total=100, good=95)

    assert (day.availability, day.performance, day.known) == (None, None, ("availability × performance", "quality"))
    assert day.oee == pytest.approx(0.8 * 0.95)
    assert day.meaning.en == "Availability and performance are known only as their product; the OEE itself is whole."


def test_without_good_and_bad_the_product_alone_is_an_upper_bound() -> None:
    day = oee(planned_s=1000, ideal_cycle_s=8, total=100)

    assert day.oee == pytest.approx(0.8)
    assert day.meaning.en == (
        "Quality cannot be known; this is availability × performance only. The true OEE cannot be higher."
    )


def test_teep_is_oee_times_loading() -> None:
    week = oee(planned_s=40 * 3600, run_s=30 * 3600, ideal_cycle_s=60, total=1500, good=1440, calendar_s=168 * 3600)

    assert week.loading == pytest.approx(40 / 168)
    assert week.teep == pytest.approx(0.96 * 1500 / 60 / 168)


def test_products_with_different_cycles_weigh_by_their_time() -> None:
    day = oee(planned_s=1000, run_s=900, ideal_s=800, good_ideal_s=760, total=50, good=45)

    assert (day.performance, day.quality) == (pytest.approx(800 / 900), pytest.approx(0.95))
    assert day.oee == pytest.approx(0.76)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"planned_s": -1.0}, "planned_s is -1.0; expected a finite number of 0 or more"),
        ({"planned_s": 10.0, "run_s": 11.0}, "run_s is 11 and planned_s 10; expected run_s of at most planned_s"),
        ({"planned_s": 10.0, "stop_s": 11.0}, "stop_s is 11 and planned_s 10; expected stops within the planned time"),
        ({"total": 5.0, "good": 6.0}, "good is 6 and total 5; expected good of at most total"),
        ({"total": 5.0, "rejects": 6.0}, "rejects is 6 and total 5; expected rejects of at most total"),
        ({"ideal_cycle_s": float("nan")}, "ideal_cycle_s is nan; expected a finite number of 0 or more"),
    ],
)
def test_impossible_input_is_refused_by_name(given: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        oee(**given)


def test_key_figures_follow_the_definitions_of_the_standard() -> None:
    figures = key_figures(
        pbt=420, apt=340, aust=20, adet=40, aoet=500, pri=0.02, pq=15000, sq=300, rq=150, apwt=400, apat=480
    )

    assert known_figures(figures) == pytest.approx(
        {
            "availability": 340 / 420,
            "effectiveness": 300 / 340,
            "quality_ratio": 0.97,
            "oee_index": 300 / 420 * 0.97,
            "nee_index": 360 / 420 * 300 / 340 * 0.97,
            "allocation_ratio": 400 / 500,
            "allocation_efficiency": 400 / 420,
            "utilisation_efficiency": 340 / 400,
            "technical_efficiency": 340 / 380,
            "setup_ratio": 20 / 360,
            "production_process_ratio": 340 / 500,
            "throughput_rate": 30.0,
            "scrap_ratio": 0.02,
            "rework_ratio": 0.01,
            "first_pass_yield": 0.97,
            "worker_efficiency": 400 / 480,
        }
    )


def test_key_figures_that_cannot_be_computed_are_left_out() -> None:
    assert known_figures(key_figures(pq=100, sq=3)) == {
        "quality_ratio": 0.97,
        "scrap_ratio": 0.03,
        "first_pass_yield": 0.97,
    }


def test_six_big_losses_add_up_to_planned_time() -> None:
    losses = six_big_losses(
        planned_s=1000, down_s=100, setup_s=50, idle_s=30, run_s=800, minor_stop_s=40, net_s=700, reject_s=35,
        startup_reject_s=10,
    )  # fmt: skip

    assert losses.waterfall() == (
        ("breakdowns", 100), ("setup", 50), ("minor_stops", 70), ("reduced_speed", 60), ("process_defects", 25),
        ("startup_rejects", 10), ("unexplained", 20),
    )  # fmt: skip
    assert losses.effective_s + sum(seconds for _, seconds in losses.waterfall()) == losses.planned_s


def test_pieces_faster_than_the_ideal_cycle_still_add_up() -> None:
    losses = six_big_losses(planned_s=1000, run_s=1000, net_s=1100, reject_s=50)

    assert losses.faster_s == 100
    assert losses.effective_s + sum(seconds for _, seconds in losses.waterfall()) == losses.planned_s
