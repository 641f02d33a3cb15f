"""What the centre leaves to the database (full text, locks, arrays, binaries, conflicts, order of nulls), on PostgreSQL.

The tests named here run once more in a process of their own, on a server that is started for them. All tests of the portal run
on PostgreSQL with JASANG_TEST_DATABASE_URL (docs/portal.md).
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .running import HERE, postgresql_server

pytestmark = pytest.mark.web

CHOSEN = (
    "test_search_store.py::test_who_finds_what",
    "test_search_store.py::test_a_changed_thing_is_found_by_its_new_words_only",
    "test_similar_shapes.py::test_like_shapes_are_found_of_all_for_the_centre_and_of_its_own_for_a_factory",
    "test_difficulties_kept.py::test_three_factories_share_one_and_it_keeps_its_key_as_it_grows",
    "test_difficulties_kept.py::test_split_merge_and_hands_are_kept",
    "test_centre_report.py::test_report_with_kept_sums_asks_twice",
    "test_centre_pages.py::test_list_is_narrowed_and_late_comes_first",
    "test_case_news.py::test_agent_is_told_what_concerns_him_once",
    "test_trouble.py::test_three_taps_open_a_case_once",
    "races_on_postgresql.py",
)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server of its own."""
    yield from postgresql_server()


def test_chosen_tests_hold_on_postgresql(server: str) -> None:
    root = HERE.parents[1]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
        + [str((HERE / one).relative_to(root)) for one in CHOSEN],
        cwd=Path(root), env=os.environ | {"JASANG_TEST_DATABASE_URL": server}, capture_output=True, text=True, check=False,
        timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
