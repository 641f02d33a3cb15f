"""The centre's pages in a real Chromium: nothing hangs out at the side of a phone, and axe finds nothing serious."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import PASSWORD
from .running import HERE, Portal
from .test_browser import SIZES, chromium, fits  # noqa: F401 - the fixture

pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.web, pytest.mark.browser]

KEYS = """
import json
from jasang.web.center.models import Article, Case, Difficulty, Queue
from jasang.web.tenants.models import Factory, Organisation
centre = Organisation.objects.get(name="스마트365센터")
case = Case.objects.at(centre).order_by("pk").first()
print(json.dumps({
    "centre": f"/o/{centre.key}", "new": f"/o/{Organisation.objects.get(name='새 센터').key}",
    "operator": f"/o/{Organisation.objects.get(name='운영기관').key}",
    "factory": f"/f/{case.factory.key}", "case": str(case.key),
    "solved": str(Case.objects.at(centre).filter(state="solved").first().key),
    "difficulty": str(Difficulty.objects.of(centre).get().key), "queue": str(Queue.objects.of(centre).first().key),
}))
"""
PAGES = {
    "worker": (
        "{factory}/cases/", "{factory}/cases/{case}/", "{factory}/cases/{solved}/", "{factory}/cases/trouble/",
        "{factory}/cases/new/", "{factory}/difficulties/{difficulty}/",
    ),
    "agent": (
        "{centre}/cases/", "{centre}/cases/{case}/", "{centre}/difficulties/{difficulty}/", "{centre}/rota/",
        "{centre}/centre-report/", "{centre}/ready-answers/",
    ),
    "boss": ("{centre}/centre/", "{centre}/centre/queues/{queue}/", "{operator}/organisations/"),
    "newboss": ("{new}/cases/", "{new}/centre/", "{new}/centre-report/"),
}  # fmt: skip


WIDE = {  # pages whose parts stand beside each other on a desk
    "agent": ("{centre}/cases/{case}/", "{centre}/difficulties/{difficulty}/", "{centre}/centre-report/"),
}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """The address of a portal with a busy centre and an empty one, and the keys of its pages."""
    made = Portal(tmp_path_factory.mktemp("centre") / "home")
    try:
        made.run("setup")
        subprocess.run([sys.executable, str(HERE / "seed_centre.py")], env=made.environment, check=True)
        keys = json.loads(made.python(KEYS).strip().splitlines()[-1])
        _, ready = made.start("serve", "--port", "0")
        yield ready.removeprefix("Jasang portal ready at ").rstrip("/"), keys
    finally:
        made.close()


@pytest.mark.parametrize(("language", "size", "chosen"), [("ko", "phone", PAGES), ("en", "desktop", WIDE)])
def test_pages_fit_and_axe_finds_nothing_serious(
    chromium: Any,  # noqa: F811
    portal: tuple[str, dict[str, str]],
    language: str,
    size: str,
    chosen: dict[str, tuple[str, ...]],
) -> None:
    from .axe import loud_faults

    address, keys = portal
    faults = {}
    for user, pages in chosen.items():
        context = chromium.new_context(viewport=SIZES[size], bypass_csp=True)
        context.add_cookies([{"name": "jasang_language", "value": language, "url": address}])
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{address}/sign-in/")
        page.fill("#id_username", user)
        page.fill("#id_password", PASSWORD)
        page.click("button.wide")
        page.wait_for_url(lambda url: "/sign-in/" not in url)
        for pattern in pages:
            path = pattern.format(**keys)
            status = page.goto(f"{address}{path}").status
            found = [] if status == 200 else [f"status {status}"]
            found += [] if fits(page) else ["hangs out at the side"]
            found += loud_faults(page)
            if found:
                faults[f"{pattern} of {user}"] = found
        context.close()
    assert faults == {}
