"""News of cases: bell, e-mail and calls; nothing twice, nothing lost, and never a letter and a notice about the same."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from jasang.web.center import post, services, tending, visits
from jasang.web.center.models import Case, Event, LetterOut
from jasang.web.notices import sending
from jasang.web.notices.models import Delivery, Letters, Notice, Webhook
from jasang.web.notices.services import choices, choose
from jasang.web.tenants.models import Membership, Role
from jasang.web.tenants.services import add_member

from .centre_people import account, agent_on_duty, centre_for, opened

pytestmark = [pytest.mark.web, pytest.mark.django_db]


@pytest.fixture
def centre(factory: Any, settings: Any) -> Any:
    settings.SMTP = {"host": "x"}
    return centre_for(factory)


@pytest.fixture
def kim(factory: Any) -> Any:
    """The customer, an engineer of the factory."""
    user = account("kim", "kim@a.example")
    add_member(user=user, factory=factory, role=Role.ENGINEER)
    return user


def everything_sent() -> list[tuple[str, str]]:
    """(to, subject) of each letter that goes out now, be it due in the morning."""
    mail.outbox.clear()
    Notice.objects.filter(mail_due_at__isnull=False, mail_sent_at__isnull=True).update(mail_due_at=timezone.now())
    sending.write_due()
    post.send_waiting()
    return sorted((one.to[0], one.subject) for one in mail.outbox)


def bells(user: Any) -> list[str]:
    return list(Notice.objects.filter(user=user).order_by("pk").values_list("title_ko", flat=True))


@pytest.mark.parametrize(
    ("chosen", "letters"),
    [
        (None, ["[#1] 사출기가 멈춤"]),  # the conversation's own letter, which may be answered
        (Letters.AT_ONCE, ["[#1] 사출기가 멈춤"]),
        (Letters.DIGEST, ["센터가 답했습니다: 사출기가 멈춤"]),
        (Letters.NEVER, []),
    ],
)
def test_customer_hears_of_an_answer_once_as_chosen(
    factory: Any, agent: Any, kim: Any, chosen: Any, letters: list[str]
) -> None:
    case = opened(factory, user=kim)
    if chosen is not None:
        choose(user=kim, kind="case", letters=chosen)
    everything_sent()
    services.answer(case=case, user=agent.user, text="보압을 보세요.")

    assert everything_sent() == [("kim@a.example", subject) for subject in letters]
    assert everything_sent() == []
    assert bells(kim) == ["센터가 답했습니다: 사출기가 멈춤"]


def test_customer_who_wrote_a_letter_is_answered_by_letter_whatever_was_chosen(
    factory: Any, agent: Any, kim: Any
) -> None:
    choose(user=kim, kind="case", letters=Letters.NEVER)
    case = opened(factory, user=kim, channel="email", sender="kim@a.example")
    everything_sent()
    services.answer(case=case, user=agent.user, text="보압을 보세요.")

    assert everything_sent() == [("kim@a.example", "[#1] 사출기가 멈춤")]


def test_colleague_who_wrote_in_the_case_is_told_too_and_nobody_of_own_words(
    factory: Any, agent: Any, kim: Any
) -> None:
    lee, quiet = account("lee", "lee@a.example"), account("quiet", "quiet@a.example")
    for user in (lee, quiet):
        add_member(user=user, factory=factory)
    case = opened(factory, user=kim)
    services.customer_word(case=case, user=lee, text="저도 봤습니다.")
    everything_sent()
    services.answer(case=case, user=agent.user, text="끝났습니다.", step="solved")

    assert everything_sent() == [
        ("kim@a.example", "[#1] 사출기가 멈춤"),
        ("lee@a.example", "센터가 해결했습니다. 한 번 눌러 평가해 주세요: 사출기가 멈춤"),
    ]
    assert (len(bells(lee)), len(bells(quiet)), len(bells(kim))) == (1, 0, 1)
    Membership.objects.filter(user=lee).delete()
    services.answer(case=case, user=agent.user, text="더")
    assert len(bells(lee)) == 1  # whoever left hears nothing more


def test_agent_is_told_what_concerns_him_once(factory: Any, agent: Any, kim: Any) -> None:
    case = opened(factory, user=kim)
    colleague = agent_on_duty(agent.organisation, "lee")
    assert everything_sent() == [("agent@centre.example", "[#1]")]
    services.customer_word(case=case, user=kim, text="아직 안 됩니다.")
    services.note(case=case, user=agent.user, text="@lee 봐 주세요.")
    services.answer(case=case, user=agent.user, text="됐습니다.", step="solved")
    services.rate(case=case, user=kim, stars=4)
    services.reopen(case=case, user=kim, ours=False)

    assert bells(agent.user) == [
        "#1 문의를 맡았습니다.", "#1 문의에 새 말이 있습니다.", "#1 문의를 5점 중 4점으로 평가했습니다.",
        "#1 문의가 다시 열렸습니다.",
    ]  # fmt: skip
    assert bells(colleague.user) == ["#1 문의에서 나를 불렀습니다."]
    assert [to for to, _ in everything_sent()] == [
        "agent@centre.example", "agent@centre.example", "kim@a.example", "lee@centre.example",
    ]  # fmt: skip  # a word by a letter that may be answered; the rating and the reopening together by the bell's letter


def test_agent_without_an_address_of_the_centre_is_written_to_all_the_same(factory: Any, agent: Any, kim: Any) -> None:
    from jasang.web.center.models import Centre

    Centre.objects.of(agent.organisation).update(address="")
    opened(factory, user=kim)

    assert everything_sent() == [("agent@centre.example", "#1 문의를 맡았습니다.")]


def test_what_is_due_soon_and_late_is_told_once_each(factory: Any, agent: Any, kim: Any) -> None:
    case = opened(factory, user=kim)
    rows = Case.objects.of(factory).filter(pk=case.pk)
    for due in (timedelta(minutes=10), timedelta(minutes=-10)):
        rows.update(due=timezone.now() + due)
        tending.bring_up()
        tending.bring_up()

    assert bells(agent.user)[1:] == ["#1 문의의 기한이 곧 옵니다.", "#1 문의가 늦었습니다."]


def test_late_case_that_nobody_has_is_told_to_all_who_are_not_away(factory: Any, centre: Any, kim: Any) -> None:
    from jasang.web.center import serving

    people = [serving.add_agent(user=account(name, f"{name}@c.example"), centre=centre) for name in ("one", "two")]
    serving.change_agent(agent=people[1], away=True)
    case = opened(factory, user=kim)
    Case.objects.of(factory).filter(pk=case.pk).update(due=timezone.now())
    tending.bring_up()

    assert [len(bells(one.user)) for one in people] == [1, 0]
    assert everything_sent() == [("one@c.example", "#1 문의가 늦었습니다.")]


def test_cases_from_findings_are_told_in_one(factory: Any, agent: Any, kim: Any, hand_over: Any) -> None:
    hand_over(factory)
    hand_over(factory)

    told = [title for title in bells(kim) if "센터 문의" in title]
    number = Case.objects.of(factory).filter(channel="finding").count()
    assert (len(told), number) == (1, 1)


def test_programs_are_called_of_each_public_event_and_of_no_inner_one(factory: Any, agent: Any, kim: Any) -> None:
    Webhook.objects.of(factory).create(factory=factory, url="http://127.0.0.1:1/", secret="x", kinds=["case"])
    case = opened(factory, user=kim)
    services.note(case=case, user=agent.user, text="속으로만")
    services.answer(case=case, user=agent.user, text="묻습니다", step="asked")
    services.customer_word(case=case, user=kim, text="답입니다")
    start = timezone.now() + timedelta(days=1)
    visits.agree(case=case, agent=agent, user=agent.user, kind="visit", start=start, minutes=30)

    calls = [one.body for one in Delivery.objects.of(factory).order_by("pk")]
    assert [one["document"]["event"]["kind"] for one in calls] == ["opened", "asked", "customer", "visit"]
    assert [one["document"]["event"]["by"] for one in calls] == ["factory", "centre", "factory", "centre"]
    assert "속으로만" not in str(calls)
    assert calls[0]["document"]["case"]["state"] == "new"


def test_sender_whom_nobody_knows_gets_no_notice(centre: Any, agent: Any) -> None:
    from jasang.web.center.models import Centre

    case = services.open_case(
        factory=None,
        title="?",
        text="?",
        channel="email",
        sender="x@else.example",
        centre=Centre.objects.of(centre).get(),
    )
    services.answer(case=case, user=agent.user, text="누구신가요?")

    assert set(Notice.objects.values_list("user__username", flat=True)) == {"agent"}
    assert LetterOut.objects.at(centre).filter(to="x@else.example").count() == 1


def test_news_of_an_event_that_did_not_happen_do_not_either(
    factory: Any, agent: Any, kim: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = opened(factory, user=kim)
    before = (Event.objects.of(factory).count(), Notice.objects.count(), LetterOut.objects.of(factory).count())
    monkeypatch.setattr("jasang.web.center.news.tell", lambda **told: (_ for _ in ()).throw(RuntimeError))
    with pytest.raises(RuntimeError):
        services.answer(case=case, user=agent.user, text="x")

    assert (
        Event.objects.of(factory).count(), Notice.objects.count(), LetterOut.objects.of(factory).count(),
    ) == before  # fmt: skip


def test_page_of_news_offers_the_kinds(kim: Any) -> None:
    found = choices(kim)
    assert (found["diagnosis_done"], found["case"], found["difficulty"]) == ("digest", "at_once", "digest")
