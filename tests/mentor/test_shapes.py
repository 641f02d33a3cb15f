"""Shapes of signals as profiles, and which kept ones are like one."""

import numpy as np
import pytest

from jasang.mentor.shapes import (
    BAND,
    POINTS,
    correlation,
    fused,
    nearest,
    packed,
    profile,
    unpacked,
    warped_distance,
)


def step(at: float = 0.5, height: float = 1.0, noise: float = 0.05, seed: int = 0, points: int = 300) -> np.ndarray:
    """A level that jumps at a share of the stretch."""
    random = np.random.default_rng(seed)
    return 20 + height * (np.arange(points) >= at * points) + random.normal(0, noise, points)


def made(values: np.ndarray, **more: float) -> np.ndarray:
    found = profile(np.arange(values.size), values, **more)
    assert found is not None
    return found


def test_profile_forgets_unit_level_and_length() -> None:
    one, other = made(step(seed=1)), made(1000 + 57 * step(seed=2, points=4000))

    assert (one.shape, one.dtype) == ((POINTS,), np.float32)
    assert (float(one.mean()), float(one.std())) == pytest.approx((0, 1), abs=1e-5)
    assert correlation(one, other) > 0.97
    assert correlation(one, made(-step(seed=3))) < -0.97


def test_stretch_has_the_moment_in_its_middle_where_there_is_room() -> None:
    values = step(at=0.4, points=1000)

    assert correlation(made(values, around=400), made(step(at=0.5))) > 0.97
    assert np.array_equal(made(values, around=5), made(values))  # too near the beginning: all of it
    assert np.array_equal(made(values, around=5000), made(values))


@pytest.mark.parametrize(
    ("times", "values"),
    [([], []), (range(11), range(11)), (range(50), [3.0] * 50), (range(50), [None] * 50), ([1.0] * 50, range(50))],
    ids=["nothing", "too few", "constant", "missing", "one moment"],
)
def test_no_shape_where_none_can_be_seen(times: list[float], values: list[float]) -> None:
    assert profile(list(times), list(values)) is None


def test_gaps_and_order_change_little() -> None:
    values = step()
    holes = [None if 100 < at < 130 or at % 7 == 0 else value for at, value in enumerate(values)]
    mixed = np.random.default_rng(4).permutation(300)

    whole = made(values)
    bridged = profile(range(300), holes)
    assert bridged is not None
    assert correlation(bridged, whole) > 0.98
    assert np.array_equal(profile(mixed, values[mixed]), whole)
    with pytest.raises(ValueError, match="one length"):
        profile([1, 2], [1])


def test_kept_profile_is_the_same_to_a_hundredth() -> None:
    found = made(step())
    assert len(packed(found)) == POINTS
    assert unpacked([packed(found)] * 2).shape == (2, POINTS)
    assert unpacked(packed(found))[0] == pytest.approx(found, abs=0.03)


def test_warping_forgives_what_lies_within_the_band_and_equals_the_textbook() -> None:
    asked, late, opposite = made(step(noise=0)), made(step(at=0.5 + (BAND - 1) / POINTS, noise=0)), made(-step(noise=0))

    def textbook(one: np.ndarray, other: np.ndarray) -> float:
        table = np.full((POINTS + 1, POINTS + 1), np.inf)
        table[0, 0] = 0
        for a in range(1, POINTS + 1):
            for b in range(max(1, a - BAND), min(POINTS, a + BAND) + 1):
                table[a, b] = (one[a - 1] - other[b - 1]) ** 2 + min(
                    table[a - 1, b], table[a, b - 1], table[a - 1, b - 1]
                )
        return float(table[POINTS, POINTS]) / POINTS

    random = made(np.random.default_rng(5).normal(0, 1, 300))
    kept = np.stack([asked, late, opposite, random])
    assert warped_distance(asked, kept) == pytest.approx([textbook(asked, one) for one in kept], rel=1e-4, abs=1e-6)
    assert warped_distance(asked, kept)[1] < 0.05


def test_planted_shapes_are_found_among_thousands() -> None:
    random = np.random.default_rng(6)
    kept = np.stack([made(np.cumsum(random.normal(0, 1, 300))) for _ in range(2000)])
    planted = {7: step(at=0.52, seed=7), 450: step(at=0.47, seed=8), 1999: step(seed=9)}
    for place, values in planted.items():
        kept[place] = made(values)
    asked = made(step(height=-3.0, seed=10) * -1)

    found = nearest(asked, kept, limit=3)
    assert {one.place for one in found} == set(planted)
    assert all(one.likeness > 0.95 for one in found)
    allowed = np.zeros(2000, dtype=bool)
    allowed[[450, 3]] = True
    assert [one.place for one in nearest(asked, kept, allowed=allowed)] == [450, 3]
    assert nearest(asked, kept, allowed=np.zeros(2000, dtype=bool)) == []
    assert nearest(asked, kept[:0]) == []


def test_ranks_are_fused() -> None:
    assert fused(["a", "b", "c"], ["c", "d"]) == ["c", "a", "b", "d"]
    assert fused([], ["x"], limit=1) == ["x"]
