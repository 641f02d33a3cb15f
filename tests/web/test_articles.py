"""Searching on the pages, articles from answers, and what helps while a case is typed."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jasang.web.center import article_services, services
from jasang.web.center.models import Article
from jasang.web.center.search_keeping import catch_up, note_all
from jasang.web.center.search_models import SearchDue, SearchEntry

from .centre_people import agent_on_duty

pytestmark = [pytest.mark.web, pytest.mark.django_db]


@pytest.fixture
def desk(centre: Any) -> Client:
    client = Client()
    client.force_login(agent_on_duty(centre).user)
    return client


@pytest.fixture
def article(centre: Any) -> Article:
    return article_services.write_article(
        centre=centre,
        user=None,
        title_ko="핫러너 팁 막힘",
        body_ko="팁 온도를 <b>다시</b> 맞춥니다.",
        title_en="Hot runner",
    )


def page(client: Client, name: str, *args: Any, **query: Any) -> str:
    answer = client.get(reverse(f"center:{name}", args=args), query)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_a_case_is_found_by_its_factory_and_its_centre(
    factory: Any, centre: Any, member: Client, desk: Client, stranger: Client
) -> None:
    case = services.open_case(factory=factory, title="쇼트샷이 납니다", text="아침에 <script> 금형이 찹니다")
    assert catch_up() > 0

    found = page(member, "search", factory.key, q="미성형")
    assert str(case.key) in found
    assert str(case.key) in page(desk, "agent-search", centre.key, q="short shot")
    assert "<script> 금형" not in page(member, "search", factory.key, q="금형")
    assert str(case.key) not in page(member, "search", factory.key, q="도금")
    assert stranger.get(reverse("center:search", args=[factory.key]), {"q": "미성형"}).status_code == 404


def test_inner_notes_are_not_found(factory: Any, centre: Any, member: Client) -> None:
    case = services.open_case(factory=factory, title="알람", text="섰습니다")
    services.note(case=case, user=agent_on_duty(centre, "other").user, text="빠우 업체를 의심")
    catch_up()

    assert str(case.key) not in page(member, "search", factory.key, q="빠우")


def test_another_factory_of_the_centre_finds_articles_only(
    factory: Any, centre: Any, person: Any, article: Article
) -> None:
    from jasang.web.tenants.services import set_up_factory

    other = set_up_factory(name="이웃")
    other.organisation = factory.organisation
    other.save()
    neighbour = person("neighbour", other)
    services.open_case(factory=factory, title="핫러너가 샙니다", text="어제부터")
    catch_up()
    assert "found-title" not in page(neighbour, "search", other.key, q="핫런너")

    article_services.publish(article=article, published=True)
    catch_up()
    found = page(neighbour, "search", other.key, q="핫런너")
    assert found.count("found-title") == 1
    assert str(article.key) in found


def test_a_draft_is_for_agents_only(
    factory: Any, centre: Any, member: Client, desk: Client, stranger: Client, article: Article
) -> None:
    address = reverse("center:article", args=[factory.key, article.key])
    assert member.get(address).status_code == 404
    assert "핫러너" in page(desk, "agent-article", centre.key, article.key)

    desk.post(reverse("center:publish-article", args=[centre.key, article.key]), {"published": "yes"})
    assert "&lt;b&gt;다시&lt;/b&gt;" in page(member, "article", factory.key, article.key)
    assert stranger.get(address).status_code == 404

    desk.post(reverse("center:publish-article", args=[centre.key, article.key]), {"published": "no"})
    assert member.get(address).status_code == 404


def test_votes_count_once_a_reader(factory: Any, member: Client, teammate: Client, article: Article) -> None:
    article_services.publish(article=article, published=True)
    address = reverse("center:vote", args=[factory.key, article.key])
    for client, word in ((member, "yes"), (member, "no"), (member, "no"), (teammate, "yes")):
        assert client.post(address, {"helped": word}).status_code == 200

    kept = Article.objects.of(article.organisation).get()
    assert (kept.helped, kept.not_helped) == (1, 1)


def test_an_article_is_made_from_the_answers_of_a_case(factory: Any, centre: Any, desk: Client) -> None:
    case = services.open_case(factory=factory, title="은줄", text="은줄이 납니다")
    person = agent_on_duty(centre, "other").user
    services.answer(case=case, user=person, text="네 시간 건조하세요", step="answered")
    form = page(desk, "write-article", centre.key, case=case.key)
    assert "네 시간 건조하세요" in form
    assert "은줄이 납니다" not in form

    answer = desk.post(
        reverse("center:write-article", args=[centre.key]), {"case": case.key, "title_ko": "은줄", "body_ko": "건조"}
    )
    made = Article.objects.of(centre).get()
    assert answer.headers["Location"] == reverse("center:agent-article", args=[centre.key, made.key])
    assert made.case == case
    assert made.published_at is None
    assert desk.post(reverse("center:write-article", args=[centre.key]), {"title_ko": ""}).status_code == 400


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("agent-search", "get"), ("articles", "get"), ("write-article", "get"), ("write-article", "post"),
        ("agent-article", "get"), ("edit-article", "get"), ("edit-article", "post"), ("publish-article", "post"),
    ],
)  # fmt: skip
def test_strangers_and_factories_find_no_page_of_agents(
    centre: Any, member: Client, stranger: Client, article: Article, name: str, method: str
) -> None:
    args = [centre.key, article.key] if name.endswith("-article") and name != "write-article" else [centre.key]
    for client in (member, stranger):
        assert getattr(client, method)(reverse(f"center:{name}", args=args)).status_code == 404


def test_while_typing_what_fits_is_shown(
    factory: Any, centre: Any, member: Client, stranger: Client, article: Article
) -> None:
    article_services.publish(article=article, published=True)
    catch_up()
    address = reverse("center:similar", args=[factory.key])

    assert str(article.key) in member.post(address, {"title": "핫런너가 막혔어요", "text": ""}).content.decode()
    assert member.post(address, {"title": "", "text": ""}).content.decode().strip() == ""
    assert stranger.post(address, {"title": "핫런너"}).status_code == 404


def test_a_case_about_a_finding_is_offered_what_was_about_the_same_rule(
    factory: Any, centre: Any, member: Client, hand_over: Any
) -> None:
    from jasang.web.floor.models import Finding

    finding = Finding.objects.of(factory).filter(diagnosis=hand_over(factory)).first()
    article_services.publish(
        article=article_services.write_article(
            centre=centre, user=None, title_ko="전혀 다른 말", body_ko="도움말", rules=[finding.rule]
        ),
        published=True,
    )
    catch_up()
    shown = member.post(
        reverse("center:similar", args=[factory.key]), {"title": "", "text": "", "finding": finding.key}
    )

    assert "전혀 다른 말" in shown.content.decode()


def test_everything_can_be_noted_again(factory: Any, centre: Any, article: Article) -> None:
    services.open_case(factory=factory, title="금형", text="금형")
    SearchDue.objects.all().delete()
    assert note_all() == 2
    assert catch_up() == 2
    assert set(SearchEntry.objects.values_list("kind", flat=True)) == {"case", "article"}
    assert catch_up() == 0


def test_the_list_of_articles_asks_as_often_for_many_as_for_one(
    centre: Any, desk: Client, article: Article, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        article_services.write_article(centre=centre, user=None, title_ko=f"글 {number}", body_ko="본문")
    with django_assert_max_num_queries(12):
        assert page(desk, "articles", centre.key).count("found-title") == 25


def test_what_is_gone_is_found_no_more(centre: Any, desk: Client, article: Article) -> None:
    catch_up()
    article.delete()
    catch_up()

    assert not SearchEntry.objects.exists()
