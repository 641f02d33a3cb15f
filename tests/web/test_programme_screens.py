"""The programme's pages in a real Chromium: nothing hangs out at the side of a phone, and axe finds nothing serious."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from pypdf import PdfReader

from .conftest import PASSWORD
from .running import HERE, Portal
from .test_browser import SIZES, chromium, fits  # noqa: F401 - the fixture

pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.web, pytest.mark.browser]

PAGES = {
    "runner": (
        "{o}/calls/", "{o}/calls/new/", "{o}/calls/{call}/", "{o}/calls/{call}/ranking/", "{o}/applications/",
        "{o}/applications/{mine}/", "{o}/applications/{visited}/", "{o}/money/", "{o}/cohorts/{cohort}/", "{o}/factories/",
        "{o}/mentors/new/", "{o}/planning/", "{e}/calls/", "{e}/planning/", "{e}/factories/",
    ),
    "owner": (
        "{f}/support/", "{f}/support/applications/{mine}/", "{f}/support/applications/{draft}/", "{f}/support/calls/{waiting}/",
    ),
    "mentor": ("{o}/visits/", "{o}/applications/{applied}/", "{o}/offers/", "{e}/mentors/me/"),
    "judge0": ("{o}/judging/", "{o}/judging/{judging}/"),
}  # fmt: skip
WIDE = {
    "runner": ("{o}/calls/{call}/ranking/", "{o}/applications/{mine}/", "{o}/cohorts/{cohort}/"),
    "owner": ("{f}/support/applications/{mine}/",),
}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, Any]]]:
    """The address of a portal with a programme in the middle of everything, and the keys of its pages."""
    made = Portal(tmp_path_factory.mktemp("programme") / "home")
    try:
        made.run("setup")
        told = subprocess.run(
            [sys.executable, str(HERE / "seed_programme.py")],
            env=made.environment,
            check=True,
            capture_output=True,
            text=True,
        )
        keys = json.loads(told.stdout.strip().splitlines()[-1])
        _, ready = made.start("serve", "--port", "0")
        yield ready.removeprefix("Jasang portal ready at ").rstrip("/"), keys
    finally:
        made.close()


@pytest.mark.parametrize(("language", "size", "chosen"), [("ko", "phone", PAGES), ("en", "desktop", WIDE)])
def test_pages_of_the_programme_fit_and_axe_finds_nothing_serious(
    chromium: Any,  # noqa: F811
    portal: tuple[str, dict[str, Any]],
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
            status = page.goto(f"{address}{pattern.format(**keys)}").status
            found = [] if status == 200 else [f"status {status}"]
            found += [] if fits(page) else ["hangs out at the side"]
            found += loud_faults(page)
            if found:
                faults[f"{pattern} of {user}"] = found
        context.close()
    assert faults == {}


@pytest.mark.parametrize("language", ["ko", "en"])
def test_dossier_prints_on_three_pages_of_a4(
    chromium: Any,  # noqa: F811
    portal: tuple[str, dict[str, Any]],
    language: str,
) -> None:
    address, keys = portal
    context = chromium.new_context(bypass_csp=True)
    context.add_cookies([{"name": "jasang_language", "value": language, "url": address}])
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(f"{address}/sign-in/")
    page.fill("#id_username", "owner")
    page.fill("#id_password", PASSWORD)
    page.click("button.wide")
    page.wait_for_url(lambda url: "/sign-in/" not in url)
    page.goto(f"{address}{keys['f']}/level/certificate/")
    pages = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True))).pages
    context.close()
    sizes = {(round(float(one.mediabox.width)), round(float(one.mediabox.height))) for one in pages}
    assert (sizes, len(pages) <= 3) == ({(595, 842)}, True)
    assert "한빛금형" in pages[0].extract_text()
