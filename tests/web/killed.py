"""Kills a process between any two writes of an action, and tells what is left: one line of JSON for each place of death.

Run as a module in a data folder of its own (test_killed.py): `python -m tests.web.killed`.
"""

import hashlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import django

django.setup()

from django.apps import apps  # noqa: E402 (the portal must be set up first)
from django.conf import settings  # noqa: E402
from django.db import connection, models, transaction  # noqa: E402

from jasang.web.keeping import rows  # noqa: E402

from .centre_people import account, agent_on_duty, centre_for, opened  # noqa: E402
from .programme_cast import Cast  # noqa: E402

Action = Callable[[], Any]
_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")


class _Death:
    """Kills this process at the n-th place: before each write, before and after each commit."""

    def __init__(self, place: int) -> None:
        self.left = place

    def _step(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().upper().startswith(_WRITES):
            self._step()
        return execute(sql, params, many, context)

    def commit(self, commit: Action) -> Any:
        self._step()
        answer = commit()
        self._step()
        return answer


def _die_at(place: int, action: Action) -> bool:
    """Whether the action came to its end in a process that is killed at this place."""
    child = os.fork()
    if child == 0:
        death, commit = _Death(place), connection._commit
        connection._commit = lambda: death.commit(commit)
        with connection.execute_wrapper(death):
            action()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status) and os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit("the action failed by itself")
    return not os.WIFSIGNALED(status)


def _state() -> tuple[str, dict[str, int]]:
    """Of every row there is: a fingerprint, and the numbers of rows."""
    known, counts = hashlib.sha256(), {}
    for model in apps.get_models(include_auto_created=True):
        lines = list(rows.written(models.QuerySet(model)))
        counts[model._meta.label] = len(lines)
        known.update("".join(lines).encode())
    return known.hexdigest(), counts


def _case_opened() -> Action:
    from jasang.web.center import services

    factory = _factory()
    agent_on_duty(centre_for(factory))
    kim = account("kim", "kim@a.example")
    return lambda: services.open_case(factory=factory, user=kim, title="사출기가 멈춤", text="3호기가 섰습니다.")


def _case_answered() -> Action:
    from jasang.web.center import services

    factory = _factory()
    agent = agent_on_duty(centre_for(factory))
    case = opened(factory)
    return lambda: services.answer(case=case, user=agent.user, text="벨트를 바꾸세요.", step="solved")


def _payment() -> Action:
    from jasang.web.programme import money

    cast = Cast()
    milestone = cast.planned(cast.apply())[0]
    cast.claimed(milestone)
    return lambda: money.pay(by=cast["second"], milestone=milestone, request="r1")


def _claim() -> Action:
    from jasang.web.programme import money

    cast = Cast()
    milestone = cast.planned(cast.apply())[0]
    return lambda: money.claim(by=cast["owner"], milestone=milestone, request="c1", own_paid=1)


def _teams() -> Action:
    from jasang.web.jobs.models import Job
    from jasang.web.programme import planning
    from jasang.web.programme.models import Cohort, Planning
    from jasang.web.programme.sample import make_sample
    from jasang.web.tenants.models import Role
    from jasang.web.tenants.services import appoint, set_up_account

    operator = make_sample(factories=4, mentors=3, seed=3, course=False)
    runner = set_up_account(user_name="runner", password=None)[0]
    appoint(user=runner, organisation=operator, role=Role.PROGRAMME_OPERATOR)
    made = planning.ask_for_plan(by=runner, cohort=Cohort.objects.of(operator).get())
    from jasang.web.jobs.services import claim
    from jasang.web.jobs.worker import run

    held = claim(job=Job.objects.of_every_factory().get(pk=made.job_id))
    assert held is not None
    run(held)
    ready = Planning.objects.of(operator).get(pk=made.pk)
    return lambda: planning.take_plan(by=runner, planning=ready, starts_on=date(2026, 12, 7))


def _factory() -> Any:
    from jasang.web.tenants.services import set_up_factory

    return set_up_factory(name="대한정밀")


ACTIONS = {
    "case_opened": _case_opened,
    "case_answered": _case_answered,
    "payment": _payment,
    "claim": _claim,
    "teams": _teams,
}


def _every_death(name: str, file: Path) -> None:
    """Every place of death in turn, each from the same beginning; the last line is of the process that lived."""
    action = ACTIONS[name]()
    with transaction.atomic():  # what it imports is imported once, not by every process that dies
        action()
        transaction.set_rollback(True)
    before, counts = _state()
    connection.close()
    start = file.with_suffix(".start")
    shutil.copy(file, start)
    place, lived = 0, False
    while not lived:
        place += 1
        _put(start, file)
        lived = _die_at(place, action)
        after, now = _state()
        grown = {label: number - counts[label] for label, number in now.items() if number != counts[label]}
        line = {"action": name, "untouched": after == before, "grown": grown, "lived": lived}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def _put(start: Path, file: Path) -> None:
    connection.close()
    for left in file.parent.glob("db.sqlite3-*"):
        left.unlink()
    shutil.copy(start, file)


def main() -> None:
    """All actions, each in the empty portal."""
    file = Path(settings.JASANG_HOME) / "db.sqlite3"
    empty = file.with_suffix(".empty")
    shutil.copy(file, empty)
    for name in ACTIONS:
        _put(empty, file)
        _every_death(name, file)


if __name__ == "__main__":
    main()
