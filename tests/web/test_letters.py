"""Letters in and out through real servers on loopback: threads, once each, nothing told to strangers, no loops."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from tests.free_ports import free_port

from jasang.web.center import letter_text, mailbox, post, services
from jasang.web.center.models import Attachment, Case, CaseState, Event, LetterIn, LetterOut
from jasang.web.tenants.services import add_member, set_up_factory

from .centre_people import account, opened
from .mail_servers import deliver, mailbox_server

aiosmtpd = pytest.importorskip("aiosmtpd.controller")
pytestmark = [pytest.mark.web, pytest.mark.django_db]


class Kept:
    """What a receiving mail server was given; `refuse` answers as one that is out of order."""

    def __init__(self) -> None:
        self.letters: list[Any] = []
        self.refuse = False

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd calls it so
        if self.refuse:
            return "451 try again later"
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@pytest.fixture
def smtp(settings: Any) -> Iterator[Kept]:
    """A real SMTP server, and the settings that send to it."""
    kept, port = Kept(), free_port()
    controller = aiosmtpd.Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    settings.SMTP = {"scheme": "smtp", "host": "127.0.0.1", "port": port, "user": "", "password": "", "folder": ""}
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    try:
        yield kept
    finally:
        controller.stop()


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, Any]]:
    """A real IMAP server."""
    with mailbox_server() as running:
        yield running


@pytest.fixture
def kim(factory: Any) -> Any:
    """Somebody of the factory, with an address."""
    user = account("kim", "kim@a.example")
    add_member(user=user, factory=factory)
    return user


def written(
    text: str, *, sender: str = "kim@a.example", to: str = "help@centre.example", **headers: str
) -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = sender, to, headers.pop("Subject", "사출기 문의")
    letter["Message-ID"] = headers.pop("message_id", f"<{abs(hash((text, sender)))}@a.example>")
    for name, value in headers.items():
        letter[name.replace("_", "-")] = value
    letter.set_content(text)
    return letter


def test_letters_travel_in_one_thread_through_real_servers(
    factory: Any, centre: Any, agent: Any, kim: Any, smtp: Kept, server: dict[str, Any], settings: Any
) -> None:
    settings.IMAP = server
    first = written("3호기가 멈췄습니다.")
    first.add_attachment(b"\x89PNG\r\n\x1a\n000", maintype="image", subtype="png", filename="사진.png")
    first.add_attachment(b"MZ", maintype="application", subtype="octet-stream", filename="virus.exe")
    deliver(server, bytes(first), bytes(first))

    assert mailbox.fetch() == 2
    case = Case.objects.of(factory).get()
    assert (case.title, case.channel, case.verified, case.agent) == ("사출기 문의", "email", True, agent)
    assert Attachment.objects.of(factory).get().name == "사진.png"
    assert "virus.exe" in Event.objects.of(factory).get(kind="opened").text
    assert post.send_waiting() == 2  # a receipt, and the agent is told
    receipt = next(one for one in smtp.letters if one["To"] == "kim@a.example")
    assert (receipt["References"], receipt["Auto-Submitted"]) == (first["Message-ID"], "auto-generated")

    services.answer(case=case, user=agent.user, text="보압을 확인하세요.", step="asked")
    smtp.refuse = True
    assert post.send_waiting() == 0
    smtp.refuse = False
    assert "451" in LetterOut.objects.of(factory).get(sent_at__isnull=True).trouble
    LetterOut.objects.of(factory).filter(sent_at__isnull=True).update(next_try=case.opened_at)
    assert (post.send_waiting(), post.send_waiting()) == (1, 0)
    answer = smtp.letters[-1]
    assert answer["In-Reply-To"] == receipt["Message-ID"]
    assert answer["Reply-To"] == f"help+{case.letters}@centre.example"
    assert answer["Subject"] == f"[#{case.number}] 사출기 문의"

    back = written(
        "됩니다!\n\n2026년 11월 23일 (월) 오전 9:00, 365센터 <help@centre.example>님이 작성:\n> 보압을 확인하세요.",
        In_Reply_To=answer["Message-ID"],
    )
    deliver(server, bytes(back))
    assert (mailbox.fetch(), mailbox.fetch()) == (1, 0)
    assert Event.objects.of(factory).get(kind="customer").text == "됩니다!"
    assert Case.objects.of(factory).get().state == CaseState.OPEN


def test_reply_is_found_by_the_secret_in_its_address(factory: Any, agent: Any, kim: Any) -> None:
    case = opened(factory)
    noted = mailbox.take_in(bytes(written("답", to=f"Help <HELP+{case.letters}@centre.example>")))
    assert (noted.outcome, noted.case) == ("reply", case)
    assert Event.objects.of(factory).filter(kind="customer").count() == 1


def test_same_letter_again_brings_nothing(factory: Any, agent: Any, kim: Any) -> None:
    letter = bytes(written("한 번만"))
    assert mailbox.take_in(letter).pk == mailbox.take_in(letter).pk
    assert Case.objects.of(factory).count() == 1


def test_unknown_sender_is_queued_without_anything_of_a_factory(
    factory: Any, centre: Any, agent: Any, kim: Any
) -> None:
    noted = mailbox.take_in(bytes(written("누구게요", sender="x@else.example")))
    case = Case.objects.at(centre).get()

    assert (noted.outcome, case.factory, case.verified, case.carried) == ("opened", None, False, {})
    assert not LetterOut.objects.at(centre).filter(to="x@else.example").exists()
    for place in range(20):
        mailbox.take_in(bytes(written(f"또 {place}", sender="x@else.example")))
    assert Case.objects.at(centre).count() == mailbox.STRANGERS_AN_HOUR


def test_member_of_two_factories_is_not_guessed(factory: Any, centre: Any, agent: Any, kim: Any) -> None:
    add_member(user=kim, factory=set_up_factory(name="둘째 공장"))
    mailbox.take_in(bytes(written("어느 공장일까요")))
    assert Case.objects.at(centre).get().factory is None


def test_stranger_who_knows_the_thread_stays_inside_as_a_note(factory: Any, agent: Any, kim: Any) -> None:
    case = opened(factory)
    services.answer(case=case, user=agent.user, text="묻습니다", step="asked")
    out = LetterOut.objects.of(factory).get(to="kim@a.example")
    mailbox.take_in(bytes(written("속임수", sender="evil@else.example", In_Reply_To=out.message_id)))

    event = Event.objects.of(factory).get(text="속임수")
    assert (event.kind, event.private, event.sender) == ("note", True, "evil@else.example")
    assert Case.objects.of(factory).get().state == CaseState.WAITING  # and it starts no clock


def test_agents_reply_to_a_notice_is_an_inner_note(factory: Any, agent: Any, kim: Any) -> None:
    opened(factory)
    out = LetterOut.objects.of(factory).get(to="agent@centre.example")
    mailbox.take_in(bytes(written("내가 볼게", sender="agent@centre.example", In_Reply_To=out.message_id)))

    event = Event.objects.of(factory).get(text="내가 볼게")
    assert (event.kind, event.private, event.by) == ("note", True, agent.user)


@pytest.mark.parametrize(
    ("sender", "headers"),
    [
        ("kim@a.example", {"Auto_Submitted": "auto-replied"}),
        ("kim@a.example", {"Precedence": "bulk"}),
        ("kim@a.example", {"List_Id": "<l.example>"}),
        ("MAILER-DAEMON@a.example", {}),
        ("no-reply@a.example", {}),
        ("kim@a.example", {"Return_Path": "<>"}),
        ("help@centre.example", {}),
    ],
)
def test_machines_open_nothing_and_get_no_answer(
    factory: Any, centre: Any, agent: Any, kim: Any, sender: str, headers: dict[str, str]
) -> None:
    case = opened(factory)
    before = (Event.objects.of(factory).count(), LetterOut.objects.of(factory).count())
    noted = mailbox.take_in(
        bytes(written("부재중입니다", sender=sender, to=f"help+{case.letters}@centre.example", **headers))
    )

    assert noted.outcome in ("automatic", "own")
    assert (Event.objects.of(factory).count(), LetterOut.objects.of(factory).count()) == before
    assert Case.objects.at(centre).count() == 1


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xff\xfe\x00garbage", b"From: x\r\n\r\n", b"From: a@b.example\r\nContent-Type: multipart/mixed\r\n\r\nx",
     b"From: a@b.example\r\nTo: help@centre.example\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n\xb0\xa1",
     b"From: a@b.example\r\nTo: help@centre.example\r\nSubject: =?utf-8?b?!!!?=\r\nMessage-ID: " + b"x" * 999 + b"\r\n\r\nx"],
)  # fmt: skip
def test_rubbish_is_noted_and_breaks_nothing(centre: Any, raw: bytes) -> None:
    mailbox.take_in(raw)
    mailbox.take_in(raw)
    assert LetterIn.objects.count() == 1


class Box:
    """A mailbox of letters that are not read yet, as far as the fetching asks it."""

    def __init__(self, *letters: bytes) -> None:
        self.letters, self.seen = letters, []

    def uid(self, word: str, number: str, *about: str) -> tuple[str, list[Any]]:
        if word == "STORE":
            self.seen.append(number)
            return "OK", []
        raw = self.letters[int(number)]
        return "OK", [f"1 (RFC822.SIZE {len(raw)})".encode() if about == ("(RFC822.SIZE)",) else (b"1", raw)]


@pytest.mark.parametrize("header", ["To: " + "(" * 3000, "Message-ID: <[", 'From: "', "From: " + "(" * 3000])
def test_letter_that_no_reader_foresaw_holds_nothing_up(centre: Any, header: str) -> None:
    box = Box(f"{header}\r\nSubject: x\r\n\r\nhello\r\n".encode())
    mailbox._fetch_one(box, "0")
    assert (box.seen, LetterIn.objects.get().outcome) == (["0"], "refused")


@pytest.mark.parametrize("charset", ["undefined", "punycode", "a\0b"])
def test_letter_in_no_charset_there_is_is_read_all_the_same(charset: str) -> None:
    raw = f'Content-Type: text/plain; charset="{charset}"\r\n\r\n멈춥니다\r\n'.encode()
    assert letter_text.words_of(letter_text.read(raw)) == "멈춥니다"


def test_html_becomes_words_and_korean_of_old_programs_is_read() -> None:
    html = (
        "<html><head><style>p{}</style><title>x</title></head><body><p>안녕하세요<br>3호기가 &lt;멈춤&gt;</p>"
        '<script>alert(1)</script><div class="gmail_quote">옛말<div>더</div></div><blockquote>인용</blockquote>끝</body></html>'
    )
    assert letter_text.html_text(html) == "안녕하세요\n3호기가 <멈춤>\n\n끝"
    old = b'From: a@b.example\r\nContent-Type: text/plain; charset="ks_c_5601-1987"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'
    parsed: Any = message_from_bytes(old + "똠방각하 펲시".encode("cp949"), policy=policy.default)
    assert letter_text.words_of(parsed) == "똠방각하 펲시"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("새 말\n\nOn Mon, Nov 23, 2026 at 9:00 AM Kim <kim@a.example> wrote:\n> 옛말", "새 말"),
        ("새 말\n\nOn Mon, Nov 23, 2026 at 9:00 AM Kim\n<kim@a.example> wrote:\n> 옛말", "새 말"),
        ("새 말\n-----Original Message-----\nFrom: x@y.example\n옛말", "새 말"),
        ("새 말\n----- 원본 메시지 -----\n옛말", "새 말"),
        ("새 말\n보낸 사람: 센터 <help@centre.example>\n옛말", "새 말"),
        ("> 옛말\n새 말", "새 말"),
        ("새 말\n-- \n김철수 대한정밀", "새 말"),
        ("On the machine we wrote a note\n다음 줄", "On the machine we wrote a note\n다음 줄"),
        ("> 옛말뿐", "> 옛말뿐"),
    ],
)
def test_quotes_are_cut(text: str, kept: str) -> None:
    assert letter_text.without_quotes(text) == kept
