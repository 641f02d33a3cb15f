import numpy as np

from jasang.analyze.row_copies import mix, natural, repeated


def test_repeated_keeps_the_first_row() -> None:
    found = repeated(np.array([5, 7, 5, 9, 7, 5], dtype=np.uint64))

    assert found.rows.tolist() == [2, 4, 5]
    assert found.first.tolist() == [0, 1, 0]
    assert found.blocks == 2


def test_distinct_rows_are_no_copies() -> None:
    assert repeated(np.arange(10, dtype=np.uint64)).rows.tolist() == []


def test_mix_depends_on_the_column() -> None:
    one, two = np.array([1, 2], dtype=np.uint64), np.array([2, 1], dtype=np.uint64)

    assert (mix([one, two]) != mix([two, one])).all()


def test_repeats_in_coarse_time_are_natural_unless_pasted() -> None:
    moments = np.repeat(np.arange(20, dtype=np.uint64), 50)  # only the day is known
    by_chance = repeated(
        np.r_[np.arange(990), np.arange(10)].astype(np.uint64)[np.random.default_rng(0).permutation(1000)]
    )
    pasted = repeated(np.r_[np.arange(600), np.arange(400)].astype(np.uint64))

    assert natural(by_chance, moments, identified=False)
    assert not natural(by_chance, moments, identified=True)
    assert not natural(pasted, moments, identified=False)
