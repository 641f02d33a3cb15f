"""A portal of its own for these tests, and the three people of every test: a member, a teammate and a stranger."""

import atexit
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

try:
    import django
except ImportError:  # the core's environment: the portal is not there, and nothing below can be imported
    collect_ignore_glob = ["test_*.py"]
else:
    pytest.importorskip("pytest_django")
    HOME = Path(tempfile.mkdtemp(prefix="jasang-web-tests-"))
    atexit.register(shutil.rmtree, HOME, ignore_errors=True)
    os.environ["JASANG_HOME"] = str(HOME)
    os.environ["JASANG_UPLOAD_MB"] = "2"
    os.environ["JASANG_SECOND_FACTOR"] = "off"  # its own tests switch it on
    # A server's address runs all of them on PostgreSQL: postgresql://user:password@host:port/name
    os.environ["JASANG_DATABASE_URL"] = os.environ.get("JASANG_TEST_DATABASE_URL", "")
    os.environ["DJANGO_SETTINGS_MODULE"] = "jasang.web.settings"
    django.setup()
    from django.conf import settings

    # A worker in a test's own process has one connection: its heartbeat would wait for tables that the test holds.
    settings.JOB_HEARTBEAT_SECONDS = 3600
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the real one is slow on purpose

PASSWORD = "tests-need-a-password"


@pytest.fixture(scope="session")
def django_db_use_migrations() -> bool:
    """On PostgreSQL the tables are made by the migrations, on SQLite they are copied (below)."""
    return bool(os.environ["JASANG_DATABASE_URL"])


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Tables as the migrations make them, from the database that was made once for all tests."""
    from django.conf import settings
    from django.db import connection

    from .running import migrated

    settings.MIGRATION_MODULES = {}  # what checks migrations finds them again

    if connection.vendor == "sqlite":
        with django_db_blocker.unblock(), sqlite3.connect(migrated()) as made:
            connection.ensure_connection()
            made.backup(connection.connection)


@pytest.fixture
def factory(db: None) -> Any:
    """The factory of the member and the teammate."""
    from jasang.web.tenants.services import set_up_factory

    return set_up_factory(name="대한정밀")


@pytest.fixture
def person(db: None) -> Callable[..., Any]:
    """`person("kim", factory)` is the browser of a signed-in member of that factory."""
    from django.test import Client

    from jasang.web.tenants.services import add_member, set_up_account

    def make(name: str, *factories: Any) -> Any:
        user, _ = set_up_account(user_name=name, password=PASSWORD)
        for one in factories:
            add_member(user=user, factory=one)
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def member(person: Callable[..., Any], factory: Any) -> Any:
    """Somebody of the factory."""
    return person("member", factory)


@pytest.fixture
def teammate(person: Callable[..., Any], factory: Any) -> Any:
    """Somebody else of the same factory."""
    return person("teammate", factory)


@pytest.fixture
def stranger(person: Callable[..., Any], db: None) -> Any:
    """Somebody of another factory."""
    from jasang.web.tenants.services import set_up_factory

    return person("stranger", set_up_factory(name="다른 공장"))


@pytest.fixture
def hand_over(tmp_path: Path) -> Callable[..., Any]:
    """`hand_over(factory, "units.csv", findings)` is a diagnosis that is done, with these findings (default: the example's)."""
    from jasang.web.floor.diagnosing import keep_result
    from jasang.web.floor.services import hand_over_path
    from jasang.web.jobs.models import State
    from jasang.web.jobs.services import claim, finish

    from . import example

    count = iter(range(1000))

    def make(factory: Any, name: str = "units.csv", found: Any = None) -> Any:
        folder = tmp_path / f"{next(count)}"
        folder.mkdir()
        file = folder / name
        file.write_text(f"time,pressure\n{folder.name},1\n", "utf-8")
        diagnosis, _ = hand_over_path(factory=factory, path=file)
        job = claim(job=diagnosis.job)
        assert job is not None
        keep_result(job=job, diagnosis=diagnosis, result=example.diagnosis(found))
        finish(job=job, state=State.DONE)
        diagnosis.refresh_from_db()
        return diagnosis

    return make


@pytest.fixture(autouse=True)
def korean(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test starts in the portal's first language."""
    from django.utils import translation

    with translation.override("ko"):
        yield


@pytest.fixture
def centre(factory: Any) -> Any:
    """The centre that serves the factory."""
    from .centre_people import centre_for

    return centre_for(factory)


@pytest.fixture
def agent(centre: Any) -> Any:
    """Its agent on duty."""
    from .centre_people import agent_on_duty

    return agent_on_duty(centre)
