"""What is left to the database (full text, locks, arrays, conflicts, nulls), strangers, money and queries, on PostgreSQL.

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
    "test_tending.py::test_agent_who_lost_the_post_hears_no_more_and_the_case_goes_to_another",
    "races_on_postgresql.py",
    # Posts, guests and strangers
    "test_organisations.py",
    "test_access.py::test_every_page_is_not_found_for_a_stranger",
    "test_access.py::test_finding_of_another_factory_is_not_found_under_ones_own_address",
    # The programme's money
    "test_programme_rules.py::test_call_is_decided_down_to_the_money_line",
    "test_programme_rules.py::test_payment_needs_a_claim_and_a_second_person",
    "test_programme_rules.py::test_claim_is_one_however_often_it_is_sent_and_anew_when_sent_back",
    "test_programme_rules.py::test_last_payment_waits_for_the_whole_own_share",
    "test_programme_steps.py::test_milestones_add_up_to_the_grant",
    "test_programme_steps.py::test_payment_is_made_once_and_only_for_what_is_reached",
    "test_programme_steps.py::test_payments_never_exceed_the_grant",
    "test_programme_steps.py::test_payment_that_breaks_off_leaves_nothing",
    "test_programme_steps.py::test_database_itself_refuses_a_grant_above_what_was_asked",
    # How often a page asks
    "test_pages.py::test_findings_need_a_fixed_number_of_queries",
    "test_programme_pages.py::test_lists_take_a_fixed_number_of_queries",
    "test_programme_pages.py::test_call_and_ranking_take_a_fixed_number_of_queries",
    "test_portfolio.py::test_page_of_the_portfolio_takes_a_fixed_number_of_queries",
    "test_centre_pages.py::test_number_of_queries_does_not_grow",
    "test_level_facts.py::test_page_opens_no_store_and_takes_a_fixed_number_of_queries",
    "test_api.py::test_lists_take_the_same_number_of_queries_for_many_rows",
)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a server of its own."""
    yield from postgresql_server()


@pytest.mark.timeout(900)
def test_chosen_tests_hold_on_postgresql(server: str) -> None:
    root = HERE.parents[1]
    # Both names: pytest-django reads the settings before our conftest does, from what this process has set.
    env = os.environ | {"JASANG_TEST_DATABASE_URL": server, "JASANG_DATABASE_URL": server}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
        + [str((HERE / one).relative_to(root)) for one in CHOSEN],
        cwd=Path(root), env=env, capture_output=True, text=True, check=False,
        timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
