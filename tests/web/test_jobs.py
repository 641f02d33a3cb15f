"""Background work: each job is done once, whatever happens to the workers."""

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.utils import timezone

from jasang.errors import UnreadableInput
from jasang.plant.text import Progress, Text
from jasang.web.jobs import services, worker
from jasang.web.jobs.models import Job, State

from .running import Portal, postgresql_server, wait_until

pytestmark = [pytest.mark.web, pytest.mark.django_db]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def set_up(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal's database, on each of the two."""
    folder = tmp_path_factory.mktemp("portal")
    with contextmanager(no_server if request.param == "sqlite" else postgresql_server)() as url:
        portal = Portal(folder, database_url=url)
        portal.run("setup", "--factory", "대한정밀")
        yield portal


@pytest.fixture
def portal(set_up: Portal) -> Iterator[Portal]:
    """Real processes with their own database."""
    made = Portal(set_up.home, database_url=set_up.environment["JASANG_DATABASE_URL"])
    yield made
    made.close()
    ask(made, "DELETE FROM jobs_job")


def no_server() -> Iterator[str]:
    yield ""


def ask(portal: Portal, statement: str) -> list[Any]:
    """What the portal's database answers."""
    url = portal.environment["JASANG_DATABASE_URL"]
    opened: Any = psycopg.connect(url) if url else sqlite3.connect(portal.home / "db.sqlite3", timeout=90)
    with closing(opened) as database:
        cursor = database.execute(statement)
        answer = cursor.fetchall() if statement.startswith("SELECT") else []
        database.commit()
        return answer


def queue_slow_job(portal: Portal, log: Path, seconds: float) -> None:
    portal.python(
        "from jasang.web.jobs.services import queue_job; from jasang.web.tenants.models import Factory; "
        f"queue_job(factory=Factory.objects.get(), kind='slow', payload={{'log': {str(log)!r}, 'seconds': {seconds}}})"
    )


def jobs(portal: Portal) -> list[tuple[str, int]]:
    """State and number of starts of every job."""
    return ask(portal, "SELECT state, attempts FROM jobs_job ORDER BY id")


def lines(log: Path) -> list[str]:
    return log.read_text().split() if log.exists() else []


def test_job_of_a_killed_worker_is_resumed_once(portal: Portal, tmp_path: Path) -> None:
    log = tmp_path / "log"
    queue_slow_job(portal, log, 60)
    killed, ready = portal.start("work")
    wait_until(lambda: lines(log) == ["start"], "the first worker starts the job")

    killed.send_signal(signal.SIGKILL)
    killed.wait()
    ask(portal, "UPDATE jobs_job SET heard_at = '2026-01-01 00:00:00'")  # as if nobody had heard of it for long
    portal.start("work")
    portal.start("work")
    wait_until(lambda: "end" in lines(log), "another worker takes the job over")

    wait_until(lambda: jobs(portal) == [("done", 2)], "the job is done")
    assert ready == "Jasang worker ready"
    assert lines(log) == ["start", "start", "end"]


def test_several_workers_do_each_job_once(portal: Portal, tmp_path: Path) -> None:
    logs = [tmp_path / f"log{place}" for place in range(12)]
    payloads = [{"log": str(log), "seconds": 0.2} for log in logs]
    portal.python(
        "from jasang.web.jobs.services import queue_job; from jasang.web.tenants.models import Factory; "
        f"[queue_job(factory=Factory.objects.get(), kind='slow', payload=payload) for payload in {payloads!r}]"
    )

    for _ in range(3):
        portal.start("work")

    wait_until(lambda: jobs(portal) == [("done", 1)] * 12, "all jobs are done")
    assert [lines(log) for log in logs] == [["start", "end"]] * 12


def test_worker_told_to_stop_puts_its_job_back(portal: Portal, tmp_path: Path) -> None:
    log = tmp_path / "log"
    queue_slow_job(portal, log, 60)
    stopped, _ = portal.start("work")
    wait_until(lambda: lines(log) == ["start"], "the worker starts the job")

    stopped.terminate()
    said, _ = stopped.communicate(timeout=90)

    assert (stopped.returncode, said) == (0, "Jasang worker stopped\n")
    assert jobs(portal) == [("waiting", 0)]
    portal.run("work", "--until-empty")
    assert jobs(portal) == [("done", 1)]


def test_server_says_its_address_and_ends_quietly(portal: Portal) -> None:
    server, ready = portal.start("serve", "--port", "0")

    server.send_signal(signal.SIGINT)
    said, _ = server.communicate(timeout=90)

    assert ready.startswith("Jasang portal ready at http://127.0.0.1:")
    assert (server.returncode, said) == (0, "")


def test_setting_up_again_changes_nothing(portal: Portal) -> None:
    first = portal.run("setup", "--user", "demo", "--factory", "대한정밀")
    second = portal.run("setup", "--user", "demo", "--factory", "대한정밀")

    assert first.splitlines()[0] == "account demo: made"
    assert second.splitlines() == ["account demo: kept", first.splitlines()[1]]
    assert (portal.home / "secret_key").stat().st_mode & 0o777 == 0o600


def queued(factory: Any, monkeypatch: pytest.MonkeyPatch, function: Any) -> Job:
    monkeypatch.setattr("jasang.web.floor.diagnosing.diagnose_files", function)
    return services.queue_job(factory=factory, kind="diagnose", payload={})


def run_all() -> list[Job]:
    worker.work(until_empty=True)
    return list(Job.objects.of_every_factory().order_by("pk"))


def test_error_of_the_reader_reaches_the_user_in_both_languages(factory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(job: Job, progress: Progress) -> None:
        raise UnreadableInput(ko="3행이 이상합니다", en="row 3 is odd")

    queued(factory, monkeypatch, unreadable)

    (job,) = run_all()
    assert (job.state, job.error_ko, job.error_en) == (State.FAILED, "3행이 이상합니다", "row 3 is odd")


def test_unexpected_fault_is_told_without_its_inside(
    factory: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(job: Job, progress: Progress) -> None:
        raise KeyError("secret inside")

    queued(factory, monkeypatch, broken)

    (job,) = run_all()
    assert job.state == State.FAILED
    assert "secret" not in job.error_ko + job.error_en
    assert "secret inside" in caplog.text


def test_cancelled_while_running_stops_at_the_next_step(factory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = []

    def patient(job: Job, progress: Progress) -> None:
        for step in range(100):
            steps.append(step)
            if step == 3:
                services.ask_to_cancel(job=job)
            progress(Text(ko=f"{step}단계", en=f"step {step}"), step / 100)

    queued(factory, monkeypatch, patient)

    (job,) = run_all()
    assert (job.state, steps) == (State.CANCELLED, [0, 1, 2, 3])


def test_cancelled_while_waiting_never_starts(factory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    job = queued(factory, monkeypatch, lambda job, progress: pytest.fail("it ran"))

    services.ask_to_cancel(job=job)

    (job,) = run_all()
    assert job.state == State.CANCELLED


def test_two_workers_that_see_the_same_job_only_one_gets_it(factory: Any) -> None:
    job = services.queue_job(factory=factory, kind="diagnose", payload={})
    seen_twice = [Job.objects.of(factory).get(pk=job.pk) for _ in range(2)]

    claimed = [services.claim(job=seen) is not None for seen in seen_twice]

    assert claimed == [True, False]


def test_worker_taken_for_dead_cannot_finish_the_job_of_another(factory: Any, settings: Any) -> None:
    services.queue_job(factory=factory, kind="diagnose", payload={})
    slow = services.claim_next_job()
    assert slow is not None
    Job.objects.of(factory).update(heard_at=timezone.now() - timedelta(seconds=settings.JOB_LOST_AFTER_SECONDS + 1))

    other = services.claim_next_job()

    assert other is not None
    with pytest.raises(services.ClaimLost):
        services.finish(job=slow, state=State.DONE)
    services.finish(job=other, state=State.DONE)


def test_job_that_took_two_workers_down_is_given_up(factory: Any) -> None:
    services.queue_job(factory=factory, kind="diagnose", payload={})
    for _ in range(services.MOST_ATTEMPTS):
        assert services.claim_next_job() is not None
        Job.objects.of(factory).update(heard_at=timezone.now() - timedelta(hours=1))

    assert services.claim_next_job() is None
    assert Job.objects.of(factory).get().state == State.FAILED


def test_oldest_job_comes_first(factory: Any) -> None:
    first, second = (services.queue_job(factory=factory, kind="diagnose", payload={}) for _ in range(2))

    assert [services.claim_next_job(), services.claim_next_job()] == [first, second]


def test_unknown_kind_of_job_is_refused(factory: Any) -> None:
    with pytest.raises(ValueError, match=r"unknown kind of job 'dance'; known are \[.*'diagnose', .*'verify'\]"):
        services.queue_job(factory=factory, kind="dance", payload={})


def test_migrations_are_those_of_the_models(db: None) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize(
    ("name", "value"),
    [("JASANG_UPLOAD_MB", "many"), ("JASANG_HTTPS", "perhaps"), ("JASANG_DATABASE_URL", "mysql://x/y")],
)
def test_wrong_setting_is_refused_with_its_name(tmp_path: Path, name: str, value: str) -> None:
    portal = Portal(tmp_path / "home")
    portal.environment = portal.environment | {name: value}

    with pytest.raises(RuntimeError, match=f"{name}.*expected"):
        portal.run("setup")
