"""A script for a portal of its own: factories and findings for the browser tests. Run with the name of the store's folder."""

import sys
from pathlib import Path

import django

django.setup()

import example  # noqa: E402

from jasang.web.floor.diagnosing import keep_result  # noqa: E402
from jasang.web.floor.services import hand_over_path  # noqa: E402
from jasang.web.jobs.models import State  # noqa: E402
from jasang.web.jobs.services import claim, finish  # noqa: E402
from jasang.web.tenants.services import add_member, set_up_account, set_up_factory  # noqa: E402


def main(store: Path) -> None:
    """One factory with findings and a store, a quiet one, and their boss."""
    boss, _ = set_up_account(user_name="boss", password="tests-need-a-password")
    worker, _ = set_up_account(user_name="worker", password="tests-need-a-password")
    full = set_up_factory(name="대한정밀", store=store)
    quiet = set_up_factory(name="가나 금형")
    for user, factory in ((boss, full), (boss, quiet), (worker, full)):
        add_member(user=user, factory=factory)
    file = store.parent / "units.csv"
    file.write_text("time,pressure\n2026-03-01 00:00,1\n", "utf-8")
    diagnosis, _ = hand_over_path(factory=full, path=file)
    job = claim(job=diagnosis.job)
    if job is None:
        raise RuntimeError("somebody else has the job")
    keep_result(job=job, diagnosis=diagnosis, result=example.diagnosis())
    finish(job=job, state=State.DONE)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
