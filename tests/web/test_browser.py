"""The four pages in a real Chromium, in both languages, on a desktop and on a phone: drawn, live, silent to the outside."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from jasang.connect.status import CollectorStatus, ConnectionStatus, ForwardStatus, write_status
from jasang.plant.reading import Reading, Signal
from jasang.store import open_store

from .conftest import PASSWORD
from .running import HERE, Portal

sync_api = pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.web, pytest.mark.browser]

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
# Pixels of a chart's canvas that are not blank.
INKED = """element => { const canvas = element.querySelector('canvas');
  const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let inked = 0; for (let at = 3; at < data.length; at += 4) if (data[at]) inked++; return inked; }"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A portal with its worker and a collector, all running."""
    folder = tmp_path_factory.mktemp("browser")
    portal = Portal(folder / "home")
    over = threading.Event()
    collecting = threading.Thread(target=collect, args=(folder / "store", over))
    collecting.start()
    try:
        portal.run("setup")
        subprocess.run(
            [sys.executable, str(HERE / "seed_portal.py"), str(folder / "store")], env=portal.environment, check=True
        )
        portal.start("work")
        _, ready = portal.start("serve", "--port", "0")
        yield ready.removeprefix("Jasang portal ready at ").rstrip("/")
    finally:
        over.set()
        collecting.join()
        portal.close()


def collect(folder: Path, over: threading.Event) -> None:
    """A machine that counts: every half second one more."""
    store = open_store(folder)
    long = "press_250ton_with_a_name_as_long_as_some_gateways_make_them"
    store.describe([Signal(name="INJ-01.melt", asset="INJ-01", unit="°C"), Signal(name="INJ-01.state", asset="INJ-01")])
    store.describe([Signal(name=f"{long}.{name}", asset=long) for name in ("state", "program")])
    write_status(folder, forwarding(datetime.now(UTC)))
    count = 0
    while not over.wait(0.5):
        now = datetime.now(UTC)
        texts = {"INJ-01.state": "running", f"{long}.state": "down", f"{long}.program": f"O{count:04}_HOUSING_LEFT" * 5}
        state = [
            Reading(signal=name, source_time=now, receive_time=now, value=text) for name, text in texts.items()
        ] * (count == 0)
        store.append([Reading(signal="INJ-01.melt", source_time=now, receive_time=now, value=200.0 + count), *state])
        count += 1
    store.close()


def forwarding(now: datetime) -> CollectorStatus:
    """A collector whose only connection stands, and whose server is away."""
    since = now - timedelta(hours=5)
    one = ConnectionStatus(
        name="press", protocol="opcua", url="opc.tcp://127.0.0.1:4840", state="connected", since=since
    )
    away = ForwardStatus(
        url="https://jasang.a-federation-of-manufacturers.example:8443/receive", sender="line1-collector-0f3c", state="lost",
        since=since, sent=7, waiting=48_231_900, waiting_since=since, spool_bytes=9_600_000_000, spool_limit=10_000_000_000,
        lost=120_345, lost_from=since, lost_to=now, clock_offset=-83.25, clock_within=0.011, acknowledged_at=since,
    )  # fmt: skip
    return CollectorStatus(
        pid=1, started=since, updated=now + timedelta(hours=1), stopped=False, stored=0, waiting=0, dropped=0,
        connections=(one,), forward=away,
    )  # fmt: skip


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The browser; skips by name where there is none, fails in CI."""
    if not Path(CHROMIUM).exists():
        reason = f"the browser tests need Debian's chromium at {CHROMIUM}: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Visit:
    """A page of the browser and everything it should not have done."""

    page: Any
    wrong: list[str] = field(default_factory=list)


@contextmanager
def visit(
    chromium: Any, address: str, *, language: str = "ko", size: str = "desktop", user: str = "worker"
) -> Iterator[Visit]:
    """A signed-in visit; at its end there was no console error and no request to anywhere else."""
    context = chromium.new_context(viewport=SIZES[size], locale="en-US")
    context.add_cookies([{"name": "jasang_language", "value": language, "url": address}])
    page = context.new_page()
    page.set_default_timeout(30_000)
    made = Visit(page)
    page.on("console", lambda said: made.wrong.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: made.wrong.append(str(error)))
    page.on(
        "request",
        lambda asked: made.wrong.append(asked.url) if not asked.url.startswith((address, "data:", "blob:")) else None,
    )
    page.goto(f"{address}/sign-in/")
    page.fill("#id_username", user)
    page.fill("#id_password", PASSWORD)
    page.click("button.wide")
    page.wait_for_url("**/findings/" if user == "worker" else f"{address}/")
    yield made
    context.close()
    assert made.wrong == []


def fits(page: Any) -> bool:
    """Whether nothing hangs out at the side."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


everywhere = pytest.mark.parametrize(("language", "size"), [(one, two) for one in ("ko", "en") for two in SIZES])


@everywhere
def test_findings_page(chromium: Any, address: str, language: str, size: str) -> None:
    with visit(chromium, address, language=language, size=size) as made:
        page = made.page
        page.locator(".jasang-chart[data-drawn=yes]").nth(1).wait_for()

        assert page.locator("h1").inner_text() == {"ko": "진단 결과", "en": "Findings"}[language]
        assert page.locator(".cards > li").count() == 3
        words = {"ko": ["▲ 조치", "◆ 주의", "● 참고"], "en": ["▲ Act", "◆ Watch", "● Note"]}[language]
        assert [" ".join(shown.split()) for shown in page.locator(".cards .severity").all_inner_texts()] == words
        assert page.locator(".cards .jasang-chart").first.evaluate(INKED) > 500
        assert fits(page)


def test_findings_are_filtered_without_a_new_page(chromium: Any, address: str) -> None:
    with visit(chromium, address) as made:
        page = made.page
        page.evaluate("window.stays = true")
        page.locator(".choice.watch").click()
        page.wait_for_url("**severity=watch**")
        page.locator(".cards > li:only-child .jasang-chart[data-drawn=yes]").wait_for()

        assert page.evaluate("window.stays") is True
        assert page.locator(".cards .jasang-chart").first.evaluate(INKED) > 500


@everywhere
def test_one_finding_page(chromium: Any, address: str, language: str, size: str) -> None:
    with visit(chromium, address, language=language, size=size) as made:
        page = made.page
        page.locator(".cards h2 a").first.click()
        page.locator(".jasang-chart").nth(1).scroll_into_view_if_needed()
        page.locator(".jasang-chart[data-drawn=yes]").nth(1).wait_for()

        assert [page.locator(".jasang-chart").nth(place).evaluate(INKED) > 2000 for place in (0, 1)] == [True, True]
        key = page.locator(".jasang-key").first.inner_text()
        assert {"ko": "관리 한계 231.7 / 238.4", "en": "control limits 231.7 / 238.4"}[language] in key
        assert page.locator(".numbers").count() == 2
        assert fits(page)


@everywhere
def test_live_page_changes_by_itself(chromium: Any, address: str, language: str, size: str) -> None:
    with visit(chromium, address, language=language, size=size) as made:
        page = made.page
        page.locator("nav.tabs a").first.click()
        value = page.locator("#signals li[data-signal='INJ-01.melt'] .value")
        value.wait_for()
        page.locator("#trends .jasang-chart[data-drawn=yes]").wait_for()
        before = value.inner_text()
        page.wait_for_function(
            "before => document.querySelector(\"#signals li[data-signal='INJ-01.melt'] .value\").textContent !== before",
            arg=before,
        )

        assert page.locator("#status").inner_text() == {"ko": "수집 중", "en": "Collecting now"}[language]
        assert page.locator(".machine.running .state").inner_text() == {"ko": "가동 중", "en": "running"}[language]
        assert page.locator("#trends .jasang-chart").evaluate(INKED) > 500
        assert before.endswith("°C")
        assert fits(page)


def test_live_page_keeps_the_chosen_window_in_its_address(chromium: Any, address: str) -> None:
    with visit(chromium, address) as made:
        page = made.page
        page.locator("nav.tabs a").first.click()
        page.locator("[data-window='3600']").click()
        page.wait_for_url("**window=3600**")
        page.reload()

        assert page.locator("[data-window][aria-pressed=true]").get_attribute("data-window") == "3600"


def test_live_page_of_a_factory_without_a_machine(chromium: Any, address: str) -> None:
    with visit(chromium, address, user="boss") as made:
        page = made.page
        page.locator(".factories h2 a", has_text="가나 금형").click()
        page.locator("nav.tabs a").first.click()

        assert "jasang collect" in page.locator("pre").inner_text()


@everywhere
def test_upload_is_diagnosed_before_ones_eyes(
    chromium: Any, address: str, language: str, size: str, tmp_path: Path
) -> None:
    rows = "".join(
        f"2026-03-{1 + row // 144:02d} {row // 6 % 24:02d}:{row % 6}0:00,{200 + row * 7 % 5}\n" for row in range(2000)
    )
    file = tmp_path / f"압력_{language}_{size}.csv"
    file.write_text(f"time,pressure\n{rows}", "utf-8")
    with visit(chromium, address, language=language, size=size) as made:
        page = made.page
        page.locator("nav.tabs a[href$='/files/']").click()
        page.set_input_files("#id_files", file)
        page.locator("#upload button.wide").click()
        row = page.locator(".handed-over", has_text=file.name)
        row.locator("h3 a").wait_for()

        assert "done" in (row.get_attribute("class") or "")
        assert fits(page)
        row.locator("h3 a").click()
        assert page.locator("h1").inner_text() == {"ko": "진단 결과", "en": "Findings"}[language]


def test_unreadable_upload_says_why(chromium: Any, address: str, tmp_path: Path) -> None:
    file = tmp_path / "broken.xlsx"
    file.write_bytes(b"this is no workbook" * 50)
    with visit(chromium, address) as made:
        page = made.page
        page.locator("nav.tabs a[href$='/files/']").click()
        page.set_input_files("#id_files", file)
        page.locator("#upload button.wide").click()
        row = page.locator(".handed-over", has_text=file.name)
        row.locator(".wrong").wait_for()

        assert "broken.xlsx" in row.locator(".wrong").inner_text()


def test_too_large_upload_is_refused_in_the_browser(chromium: Any, address: str, tmp_path: Path) -> None:
    file = tmp_path / "large.csv"
    file.write_bytes(b"time,a\n" + b"1,2\n" * 700_000)
    with visit(chromium, address) as made:
        page = made.page
        page.locator("nav.tabs a[href$='/files/']").click()
        page.set_input_files("#id_files", file)

        assert page.locator("#upload-wrong").inner_text() == "파일이 모두 합쳐 2 MB를 넘습니다."


def test_language_is_switched_in_the_header_and_kept(chromium: Any, address: str) -> None:
    with visit(chromium, address) as made:
        page = made.page
        page.locator(".languages button[value=en]").click()
        page.wait_for_load_state()
        assert page.locator("h1").inner_text() == "Findings"
        page.locator("nav.tabs a[href$='/files/']").click()
        assert page.locator("h1").inner_text() == "Upload a file"


@pytest.mark.parametrize(("language", "size"), [("ko", "desktop"), ("en", "phone")])
def test_trends_zoom_keep_their_span_and_take_a_note(chromium: Any, address: str, language: str, size: str) -> None:
    with visit(chromium, address, language=language, size=size) as made:
        page = made.page
        page.goto(page.url.replace("/findings/", "/trends/"))
        drawn = page.locator("#trends-page[data-drawn=yes]")
        drawn.wait_for()
        before = float(drawn.get_attribute("data-shown"))
        page.locator("[data-span='60']").click()
        page.wait_for_url("**signal=INJ-01.melt**")
        page.wait_for_function(
            "before => Number(document.getElementById('trends-page').dataset.shown) < before", arg=before
        )
        box = page.locator("#picture").bounding_box()
        page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 100)
        page.mouse.wheel(0, -200)
        page.wait_for_url("**from=**")
        kept = page.url
        page.reload()
        drawn.wait_for()

        assert page.url == kept
        assert page.locator("#picture > div").first.evaluate(INKED) > 500
        assert fits(page)
        page.locator("#note-open").click()
        page.fill("#note-form textarea", f"note {language}")
        page.locator("#note-form .button").first.click()
        page.locator("#told-list li", has_text=f"note {language}").wait_for()


def test_pages_of_connected_data_fit_a_phone(chromium: Any, address: str) -> None:
    with visit(chromium, address, size="phone") as made:
        page = made.page
        findings = page.url
        for name in ("signals", "machines", "quality", "wall"):
            page.goto(findings.replace("/findings/", f"/{name}/"))
            for more in page.locator("main details:not([open]) > summary").all():
                more.click()

            assert page.locator(".part-tabs [aria-current]").count() == 1
            assert (name, fits(page)) == (name, True)
        page.fill(".wall-form input[name=name]", "screen of the press")
        page.locator(".wall-form .button").click()
        page.goto(page.locator("a.wall-address").get_attribute("href"))
        page.locator("#wall .figures b").first.wait_for()
        assert ("the screen itself", fits(page)) == ("the screen itself", True)
