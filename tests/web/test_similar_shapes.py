"""Past cases by the shape of their signal, beside the words; to each only what he or she may see."""

from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from jasang.mentor import shapes
from jasang.plant.text import Text
from jasang.web.center import article_services, search_keeping, search_shapes, services
from jasang.web.center.models import Case, Sighting
from jasang.web.center.search_store import Reader, find
from jasang.web.jobs.announcing import Subject
from jasang.web.tenants.services import set_up_factory

from .centre_people import account, agent_on_duty, centre_for, opened

pytestmark = [pytest.mark.web, pytest.mark.django_db]


def shape(kind: str, seed: int = 0) -> bytes:
    """A step, a ramp or waves, with a little noise."""
    at = np.arange(300)
    values = {"step": (at > 150) * 5.0, "ramp": at / 60.0, "waves": np.sin(at / 8.0) * 2}[kind]
    found = shapes.profile(at, 20 + values + np.random.default_rng(seed).normal(0, 0.2, 300))
    assert found is not None
    return shapes.packed(found)


def about(kind: str, seed: int = 0, rule: str = "") -> Subject:
    return Subject(
        kind="finding",
        key="k",
        title=Text(ko="x", en="x"),
        url="/x/",
        document={"rule": rule},
        signal=shape(kind, seed),
    )


@pytest.fixture
def centre(factory: Any) -> Any:
    search_shapes._kept.clear()  # numbers of rows begin anew with each test's database
    return centre_for(factory)


@pytest.fixture
def other(factory: Any) -> Any:
    made = set_up_factory(name="다른 공장")
    made.organisation = factory.organisation
    made.save()
    return made


def sources(found: list[Any]) -> list[str]:
    return [one.source for one in found]


def test_like_shapes_are_found_of_all_for_the_centre_and_of_its_own_for_a_factory(
    factory: Any, centre: Any, other: Any
) -> None:
    own = opened(factory, subject=about("step", 1))
    theirs = opened(other, subject=about("step", 2))
    opened(factory, subject=about("ramp", 3))
    opened(factory)  # without a signal
    asked = shape("step", 4)
    agents, factorys = Reader(centre=centre), Reader(factory=factory, centre=centre)

    assert set(sources(search_shapes.like(agents, asked))) == {str(own.key), str(theirs.key)}
    assert sources(search_shapes.like(factorys, asked)) == [str(own.key)]
    assert sources(search_shapes.like(agents, asked, besides=str(own.key))) == [str(theirs.key)]
    assert search_shapes.like(agents, shape("waves", 5)) == []
    later = opened(other, subject=about("waves", 6))  # what comes later is found too
    assert sources(search_shapes.like(agents, shape("waves", 7))) == [str(later.key)]
    assert search_shapes.like(Reader(factory=factory), asked) == []


def test_factory_finds_the_published_article_of_anothers_case_without_its_signal(
    factory: Any, centre: Any, other: Any
) -> None:
    case, user = opened(other, subject=about("step", 1)), account("writer")
    article = article_services.write_article(centre=centre, user=user, title_ko="보압", body_ko="올리세요", case=case)
    reader = Reader(factory=factory, centre=centre)
    assert search_shapes.like(reader, shape("step", 2)) == []  # a draft
    article_services.publish(article=article, published=True)

    (found,) = search_shapes.like(reader, shape("step", 2))
    assert (found.kind, found.source, found.shape) == ("article", str(article.key), b"")


def test_pages_show_what_looked_alike_with_both_lines(
    factory: Any, centre: Any, other: Any, member: Client, stranger: Client
) -> None:
    agent = agent_on_duty(centre)
    past = opened(other, title="금형 온도가 뜀", text="밸브를 갈아 해결", subject=about("step", 1))
    case = opened(factory, title="압력이 이상함", text="갑자기 올라감", subject=about("step", 2))
    search_keeping.catch_up()
    desk = Client()
    desk.force_login(agent.user)
    address = reverse("center:agent-similar", args=[centre.key, case.key])

    page = desk.post(address, {"text": ""}).content.decode()
    assert (str(past.key) in page, page.count("<polyline"), str(case.key) in page) == (True, 2, False)
    assert stranger.post(address).status_code == 404
    assert member.post(address).status_code == 404
    services.merge(case=past, into=opened(other, user=account("kim2")), user=agent.user)
    search_keeping.catch_up()
    assert str(past.key) not in desk.post(address, {"text": ""}).content.decode()


def test_profile_comes_from_the_chart_of_the_finding(factory: Any, centre: Any, hand_over: Any, member: Client) -> None:
    hand_over(factory)
    case = Case.objects.of(factory).get(channel="finding")
    kept = bytes(Sighting.objects.of(factory).get(case=case).profile)
    middle = shapes.unpacked(kept)[0]

    assert len(kept) == shapes.POINTS
    assert middle[:20].mean() < middle[-20:].mean()  # the example's level rises
    search_keeping.catch_up()
    finding = case.subject_key
    page = member.post(
        reverse("center:similar", args=[factory.key]), {"finding": finding, "title": ""}
    ).content.decode()
    assert (str(case.key) in page, "polyline" in page) == (True, True)


def test_old_exact_title_is_not_pushed_out_by_newer_cases(factory: Any, centre: Any) -> None:
    from jasang.web.center.search_models import SearchEntry
    from jasang.web.center.search_store import keep_entries

    def entry(at: int, title: str, text: str) -> SearchEntry:
        return SearchEntry(kind="case", source=str(at), centre=centre, title_ko=title, text_ko=text)

    keep_entries([entry(0, "금형 온도 편차", "짧은 글")])
    filler = "금형을 닦았습니다. 온도를 쟀습니다. 편차가 있었습니다. 그 밖에 여러 가지 일을 길게 적습니다. " * 3
    keep_entries([entry(at, f"점검 일지 {at}", filler) for at in range(1, 700)])

    assert find(Reader(centre=centre), "금형 온도 편차")[0].entry.source == "0"
    assert "0" in [found.entry.source for found in find(Reader(centre=centre), "금형", limit=400)]
