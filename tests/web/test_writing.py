"""Settings written back, on pages: off without [[write]], proposed, approved by somebody else, stopped; strangers see nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from jasang.errors import JasangError, WriteRefused
from jasang.mentor.write_back import Watch, approve, propose, same_person
from jasang.mentor.write_recommended import settings_of_study
from jasang.web.floor import writing
from jasang.web.floor.models import StudyRun
from jasang.web.jobs.services import queue_job
from jasang.web.tenants.models import Membership, Role

pytestmark = [pytest.mark.web, pytest.mark.django_db]

LINK = """
store = "store"
[[connections]]
name = "INJ-01"
protocol = "opcua"
url = "opc.tcp://127.0.0.1:9"
[[connections.signals]]
name = "cushion"
node = "ns=2;s=Cushion"
"""
RULE = """
[[write]]
name = "hold_pressure"
connection = "INJ-01"
node = "ns=2;s=HoldPressure"
low = 500.0
high = 620.0
largest_step = 20.0
per_hour = 4
unit = "bar"
"""
GIVEN = {"connection": "INJ-01", "to-0": "560", "watch": "cushion", "better": "higher", "reason": "추천대로"}


@pytest.fixture
def file(factory: Any, tmp_path: Path) -> Path:
    """The collector's file of the factory, with a setting that may be written."""
    (tmp_path / "store").mkdir()
    factory.store = str(tmp_path / "store")
    factory.save()
    made = tmp_path / "collect.toml"
    made.write_text(LINK + RULE, "utf-8")
    return made


def page(name: str, factory: Any, *more: str) -> str:
    return reverse(f"optimise:{name}", args=[factory.key, *more])


def give_role(name: str, role: Role) -> None:
    Membership.objects.filter(user__username=name).update(role=role)


def test_without_write_sections_the_pages_are_not_there(factory: Any, member: Client, file: Path) -> None:
    file.write_text(LINK, "utf-8")
    for name, more in (("writes", ()), ("new-write", ()), ("write", ("W0001",))):
        assert member.get(page(name, factory, *more)).status_code == 404
    assert member.post(page("new-write", factory), GIVEN).status_code == 404
    assert page("writes", factory) not in member.get(page("overview", factory)).content.decode()
    assert not (file.parent / "write-back").exists()
    with pytest.raises(JasangError, match="allows no setting to be written"):
        writing.propose_write(
            factory=factory, settings={"hold_pressure": 560.0}, watch=Watch(signal="cushion", better="higher"),
            user=get_user_model().objects.get(),
        )  # fmt: skip


def stated_in_english(client: Client, address: str) -> str:
    client.cookies["jasang_language"] = "en"
    text = client.get(address).content.decode()
    del client.cookies["jasang_language"]
    return text


FAULTS = {
    "no TOML": (LINK + RULE.replace("[[write]]", "[[write]"), "UTF-8 TOML이 아닙니다", "is not UTF-8 TOML"),
    "another encoding": ((LINK + RULE).encode("utf-8") + "# 압력".encode("cp949"), "UTF-8 TOML이 아닙니다", "UTF-8 TOML"),
    "a misspelt section": (LINK + RULE.replace("[[write]]", "[[writes]]"), "writes: 없는 항목입니다", "not a known field"),
    "limits the wrong way round": (
        LINK + RULE.replace("620.0", "400.0"), "write[0].high: 400", "400 must be above low 500",
    ),
    "an unknown connection": (
        LINK + RULE.replace('"INJ-01"', '"INJ-09"'), "&#x27;INJ-09&#x27; 이라는 연결이 없습니다", "expected one of INJ-01",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_file_is_told_and_what_was_proposed_can_still_be_stopped(
    factory: Any, member: Client, teammate: Client, stranger: Client, file: Path, fault: str
) -> None:
    given, ko, en = FAULTS[fault]
    member.post(page("new-write", factory), GIVEN)
    file.write_bytes(given if isinstance(given, bytes) else given.encode("utf-8"))
    here = page("write", factory, "W0001")

    assert page("writes", factory) in member.get(page("overview", factory)).content.decode()
    for address, status in ((page("writes", factory), 200), (here, 200), (page("new-write", factory), 400)):
        answer = teammate.get(address)
        assert (answer.status_code, ko in answer.content.decode()) == (status, True), address
        english = stated_in_english(teammate, address)
        assert (en in english, "There is a fault in the collector's file." in english) == (True, True), address
        assert (str(file.parent) in english, "collect.toml: " in english) == (False, True)
        assert stranger.get(address).status_code == 404
    refused = teammate.post(page("approve-write", factory, "W0001"))
    assert (refused.status_code, ko in refused.content.decode()) == (400, True)
    assert writing.proposed(file)[0].state == "proposed"
    assert teammate.post(page("stop-write", factory, "W0001")).headers["Location"] == here
    assert writing.proposed(file)[0].state == "stopped"


def test_a_faulty_file_that_never_meant_to_write_brings_no_pages(factory: Any, member: Client, file: Path) -> None:
    file.write_text(LINK + "[[connections", "utf-8")
    assert member.get(page("writes", factory)).status_code == 404
    assert page("writes", factory) not in member.get(page("overview", factory)).content.decode()


def test_a_faulty_file_of_another_store_is_not_shown(factory: Any, member: Client, file: Path) -> None:
    file.write_text(LINK.replace('store = "store"', 'store = "other"') + RULE.replace("[[write]]", "[[write]"), "utf-8")
    assert member.get(page("writes", factory)).status_code == 404


def test_the_password_of_the_machine_is_not_needed_to_propose_and_approve(
    factory: Any, member: Client, teammate: Client, file: Path
) -> None:
    secret = 'url = "opc.tcp://127.0.0.1:9"\nusername = "jasang"\npassword_env = "JASANG_NO_SUCH_PASSWORD"'
    file.write_text((LINK + RULE).replace('url = "opc.tcp://127.0.0.1:9"', secret), "utf-8")
    assert member.post(page("new-write", factory), GIVEN).status_code == 302
    assert teammate.post(page("approve-write", factory, "W0001")).status_code == 302
    assert writing.written(file).proposals[0].state == "approved"


def test_a_proposal_is_approved_by_somebody_else_and_stopped(
    factory: Any, member: Client, teammate: Client, file: Path
) -> None:
    give_role("member", Role.ENGINEER)
    assert page("writes", factory) in member.get(page("overview", factory)).content.decode()
    made = member.post(page("new-write", factory), GIVEN)
    here = page("write", factory, "W0001")
    assert made.headers["Location"] == here
    own = member.get(here).content.decode()
    assert "직접 제안한 것이라 다른 사람이 승인해야 합니다" in own
    assert page("approve-write", factory, "W0001") not in own

    refused = member.post(page("approve-write", factory, "W0001"))
    assert refused.status_code == 400
    assert "승인할 수 없습니다" in refused.content.decode()
    assert page("approve-write", factory, "W0001") in teammate.get(here).content.decode()
    assert teammate.post(page("approve-write", factory, "W0001")).headers["Location"] == here

    (one,) = writing.written(file).proposals
    people = {user.username: user.pk for user in get_user_model().objects.all()}
    assert (one.state, one.proposed_by, one.approved_by) == (
        "approved", f"member ({people['member']})", f"teammate ({people['teammate']})",
    )  # fmt: skip
    assert one.changes[0].to == 560.0
    assert "jasang write run" in teammate.get(here).content.decode()
    teammate.post(page("stop-write", factory, "W0001"), {"reason": "금형 교체"})
    assert [entry.step for entry in writing.steps_of(file, "W0001")] == ["proposed", "approved", "stopped"]
    assert "stop" not in writing.written(file).proposals[0].state.replace("stopped", "")
    again = teammate.post(page("approve-write", factory, "W0001"))
    assert (again.status_code, "승인할 수 없습니다" in again.content.decode()) == (400, True)


def test_a_new_name_makes_nobody_another_person(factory: Any, member: Client, file: Path) -> None:
    member.post(page("new-write", factory), GIVEN)
    user = get_user_model().objects.get(username="member")
    user.first_name, user.username = "다른 (99)", "somebody-else"
    user.save()
    with pytest.raises(WriteRefused, match="another person must"):
        writing.approve_write(factory=factory, name="W0001", user=user)


def test_a_proposal_of_the_command_is_not_approved_by_the_same_name(factory: Any, member: Client, file: Path) -> None:
    one = propose(file, settings={"hold_pressure": 550.0}, by="Member", watch=Watch(signal="cushion", better="lower"))
    assert member.post(page("approve-write", factory, one.name)).status_code == 400
    assert approve(file, one.name, by="이반장").state == "approved"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("김현장 (17)", "김현장 (23)", False),
        ("김현장 (17)", "이반장 (17)", True),
        ("김현장 (17)", "김 현장", True),
        ("김현장 (17)", "이반장", False),
    ],
)
def test_numbers_of_accounts_tell_people_apart(one: str, other: str, same: bool) -> None:
    assert same_person(one, other) is same


def test_what_passes_the_limits_or_makes_no_sense_is_refused_and_nothing_lost(
    factory: Any, member: Client, file: Path
) -> None:
    for change, said in (
        ({"to-0": "700"}, "한계 500 … 620 bar 밖입니다"),
        ({"to-0": "많이"}, "숫자가 아닙니다"),
        ({"to-0": "55,5"}, "숫자가 아닙니다"),
        ({"to-0": "nan"}, "밖입니다"),
        ({"to-0": ""}, "쓸 설정이 없습니다"),
        ({"watch": "nothing"}, "지켜볼 신호"),
        ({"better": ""}, "고르세요"),
        ({"minutes": "0"}, "지켜볼 시간"),
        ({"minutes": "inf"}, "지켜볼 시간"),
    ):
        answer = member.post(page("new-write", factory), GIVEN | change)
        text = answer.content.decode()
        assert (answer.status_code, said in text) == (400, True), change
        assert 'value="추천대로"' in text
        assert f'value="{change.get("to-0", "560")}"' in text  # as it was typed
    assert member.post(page("new-write", factory), GIVEN | {"connection": "none"}).status_code == 404
    assert writing.written(file).proposals == ()


def test_operators_look_and_strangers_see_nothing(
    factory: Any, member: Client, teammate: Client, stranger: Client, file: Path
) -> None:
    member.post(page("new-write", factory), GIVEN)
    give_role("teammate", Role.OPERATOR)
    here = page("write", factory, "W0001")
    assert teammate.get(here).status_code == 200
    assert page("stop-write", factory, "W0001") not in teammate.get(here).content.decode()
    for name in ("approve-write", "stop-write"):
        assert teammate.post(page(name, factory, "W0001")).status_code == 404
        assert stranger.post(page(name, factory, "W0001")).status_code == 404
    assert teammate.get(page("new-write", factory)).status_code == 404
    for name, more in (("writes", ()), ("new-write", ()), ("write", ("W0001",))):
        assert stranger.get(page(name, factory, *more)).status_code == 404
    assert stranger.post(page("new-write", factory), GIVEN).status_code == 404
    assert writing.written(file).proposals[0].state == "proposed"
    assert member.get(page("write", factory, "W0009")).status_code == 404


def test_a_changed_trail_is_told_and_nothing_goes_on(
    factory: Any, member: Client, teammate: Client, file: Path
) -> None:
    member.post(page("new-write", factory), GIVEN)
    trail = file.parent / "write-back" / "audit.jsonl"
    trail.write_text(trail.read_text("utf-8").replace("560.0", "620.0"), "utf-8")
    assert "1번째 줄이 바뀌었거나" in member.get(page("writes", factory)).content.decode()
    assert teammate.post(page("approve-write", factory, "W0001")).status_code == 404


def study(rows: list[list[Any]]) -> dict[str, Any]:
    return {"kind": "recommend", "tables": [{"title": {"ko": "설정", "en": "Settings"}, "rows": rows}]}


def test_recommended_settings_are_filled_in(
    factory: Any, member: Client, file: Path, hand_over: Callable[..., Any]
) -> None:
    rows = [
        ["hold_pressure", "540", "1,560.5", "bar", ""],
        ["speed", "10", "12", "", ""],
        ["mould", "A", "B", "", ""],
        ["heat", "200", {"ko": "그대로", "en": "unchanged"}, "", ""],
        ["open", "5", None, "", ""],
    ]
    assert settings_of_study(study(rows)) == {"hold_pressure": 1560.5, "speed": 12.0}
    rows[0][2] = "560"
    job = queue_job(factory=factory, kind="study", payload={})
    run = StudyRun.objects.of(factory).create(
        factory=factory, diagnosis=hand_over(factory), kind="recommend", job=job, result={"studies": [study(rows)]}
    )
    text = member.get(page("new-write", factory) + f"?from={run.key}").content.decode()
    assert 'name="to-0" inputmode="decimal" value="560"' in text
    assert "speed" in text
    assert member.get(page("new-write", factory) + "?from=rubbish").status_code == 200


def test_the_list_asks_the_database_as_often_for_many_proposals(
    factory: Any, member: Client, file: Path, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    watch = Watch(signal="cushion", better="higher")
    propose(file, settings={"hold_pressure": 550.0}, by="김현장", watch=watch)
    with CaptureQueriesContext(connection) as few:
        member.get(page("writes", factory))
    for _ in range(3):
        propose(file, settings={"hold_pressure": 551.0}, by="김현장", watch=watch)
    with django_assert_num_queries(len(few)):
        assert "W0004" in member.get(page("writes", factory)).content.decode()
