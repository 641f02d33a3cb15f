"""Letters as Korean offices and telephones really write them: old charsets, raw names, quotes of every program, bounces."""

import base64
from email.message import EmailMessage
from typing import Any
from urllib.parse import quote

import pytest

from jasang.web.center import letter_text, mailbox, post, services
from jasang.web.center.letter_quotes import html_text, without_quotes
from jasang.web.center.models import Attachment, Case, Event, LetterIn, LetterOut
from jasang.web.tenants.models import Membership
from jasang.web.tenants.services import add_member
from jasang.web.ui.checked_files import check

from .centre_people import account, opened

pytestmark = pytest.mark.web
in_database = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n000"


@pytest.fixture
def kim(factory: Any, centre: Any, agent: Any) -> Any:
    """Somebody of the factory, with an address."""
    user = account("kim", "kim@a.example")
    add_member(user=user, factory=factory)
    return user


def letter(text: str = "본문", *, body: bytes | None = None, **headers: str) -> bytes:
    """A letter as bytes, headers as given (also such as no library would write)."""
    given = {
        "From": "kim@a.example", "To": "help@centre.example", "Subject": "문의", "Message-ID": f"<{abs(hash(text))}@a.example>",
        "Content-Type": "text/plain; charset=utf-8",
    } | {name.replace("_", "-"): value for name, value in headers.items()}  # fmt: skip
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return lines.encode() + b"\r\n" + (text.encode() if body is None else body)


def parts(*given: tuple[str, bytes], kind: str = "mixed", **headers: str) -> bytes:
    """A letter of several parts: (headers, content)."""
    body = (
        b"".join(b"--b\r\n" + head.encode() + b"\r\n\r\n" + content + b"\r\n" for head, content in given) + b"--b--\r\n"
    )
    return letter(body=body, **{"Content_Type": f"multipart/{kind}; boundary=b"} | headers)


@pytest.mark.parametrize(
    ("charset", "codec"),
    [("euc-kr", "cp949"), ("ks_c_5601-1987", "cp949"), ("iso-2022-kr", "iso2022_kr"), ("utf-8", "utf-8"), ("utf-8", "cp949"),
     ("us-ascii", "cp949"), ("unknown-8bit", "utf-8"), ("johab", "johab")],
)  # fmt: skip
def test_korean_is_read_in_what_it_is_really_written(charset: str, codec: str) -> None:
    said = "3호기 보압이 떨어집니다. 확인 부탁드립니다."
    read = letter_text.read(letter(body=said.encode(codec), Content_Type=f'text/plain; charset="{charset}"'))
    assert letter_text.words_of(read) == said


@in_database
@pytest.mark.parametrize("codec", ["cp949", "utf-8"])
def test_headers_of_programs_that_encode_nothing(factory: Any, kim: Any, codec: str) -> None:
    raw = parts(
        ("Content-Type: text/plain; charset=utf-8", "본문".encode()),
        ('Content-Type: image/png; name="사진 1.png"\r\nContent-Disposition: attachment; filename="사진 1.png"', PNG),
        From="김철수, 과장 <kim@a.example>", Subject="금형 온도가 오릅니다",
    )  # fmt: skip
    head, rest = raw.split(b"\r\n\r\n", 1)
    mixed = head.decode().encode(codec) + b"\r\n\r\n" + rest.replace("사진 1".encode(), "사진 1".encode(codec))
    noted = mailbox.take_in(mixed)

    assert (noted.sender, noted.case.title) == ("kim@a.example", "금형 온도가 오릅니다")
    assert Attachment.objects.of(factory).get().name == "사진 1.png"


@pytest.mark.parametrize(
    ("field", "name"),
    [
        (f"filename*=EUC-KR''{quote('검사 성적서.pdf'.encode('cp949'))}", "검사 성적서.pdf"),
        (
            f"filename*0*=UTF-8''{quote('아주 긴 이름의 ')};\r\n filename*1*={quote('성적서.pdf')}",
            "아주 긴 이름의 성적서.pdf",
        ),
        (f'filename="=?euc-kr?B?{base64.b64encode("성적서.pdf".encode("cp949")).decode()}?="', "성적서.pdf"),
        (
            f'filename="=?UTF-8?B?{base64.b64encode("성적서".encode()).decode()}?=\r\n =?UTF-8?Q?_1.pdf?="',
            "성적서 1.pdf",
        ),
        ('filename="..\\\\..\\\\성적서.pdf"', "성적서.pdf"),
    ],
)
def test_names_of_files_however_they_are_written(field: str, name: str) -> None:
    raw = parts(
        ("Content-Type: text/plain; charset=utf-8", "본문".encode()),
        (f"Content-Type: application/pdf\r\nContent-Disposition: attachment; {field}", b"%PDF-1.4"),
    )
    files, refused = letter_text.files_of(letter_text.read(raw))
    assert ([one.name for one in files], refused) == ([name], [])


def test_html_alone_in_the_charset_only_the_page_tells() -> None:
    meta = '<meta http-equiv="Content-Type" content="text/html; charset=euc-kr">'
    page = f"<html><head>{meta}<body><p>도금 두께가</p><p>얇습니다</p>"
    read = letter_text.read(letter(body=page.encode("cp949"), Content_Type="text/html"))
    assert letter_text.words_of(read) == "도금 두께가\n\n얇습니다"


def test_empty_plain_part_gives_way_to_html_and_tables_keep_their_cells() -> None:
    table = "<table><tr><td>호기</td><td>온도</td></tr><tr><td>3</td><td>212</td></tr></table>"
    table += "<div style='display: none'>숨김</div>"
    raw = parts(
        ("Content-Type: text/plain; charset=utf-8", b" \r\n"),
        ("Content-Type: text/html; charset=utf-8", table.encode()),
        kind="alternative",
    )
    assert letter_text.words_of(letter_text.read(raw)) == "호기\t온도\n\n3\t212"


def test_text_around_a_picture_stays_whole_and_pictures_in_the_text_are_kept() -> None:
    raw = parts(
        ("Content-Type: text/plain; charset=utf-8", "사진 위".encode()),
        ("Content-Type: image/png\r\nContent-Disposition: inline", PNG),
        ("Content-Type: text/plain; charset=utf-8", "사진 아래".encode()),
    )
    read = letter_text.read(raw)
    assert letter_text.words_of(read) == "사진 위\n사진 아래"
    assert [one.name for one in letter_text.files_of(read)[0]] == ["image-1.png"]


def test_letter_attached_as_a_letter_is_read_with_its_files() -> None:
    inner = EmailMessage()
    inner["From"], inner["Subject"] = "업체 <vendor@b.example>", "견적"
    inner.set_content("밸브 교체가 필요합니다.")
    inner.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="견적서.pdf")
    outer = EmailMessage()
    outer["From"], outer["Subject"] = "kim@a.example", "FW: 견적"
    outer.set_content("아래 봐 주세요.")
    outer.add_attachment(inner)
    read = letter_text.read(bytes(outer))

    assert letter_text.words_of(read) == "아래 봐 주세요.\n\n[업체 <vendor@b.example> · 견적]\n밸브 교체가 필요합니다."
    assert [one.name for one in letter_text.files_of(read)[0]] == ["견적서.pdf"]


FORWARDED = (
    "확인 부탁드립니다.\n\n---------- Forwarded message ---------\n"
    "보낸사람: 업체 <v@b.example>\n제목: 점검\n\n펌프를 바꾸세요."
)


@in_database
def test_what_is_handed_on_is_kept_where_a_case_opens_and_cut_where_one_goes_on(factory: Any, kim: Any) -> None:
    case = mailbox.take_in(letter(FORWARDED, Subject="전달: FW: 점검")).case
    assert case.title == "점검"
    assert "펌프를 바꾸세요." in Event.objects.of(factory).get(kind="opened").text
    mailbox.take_in(letter(f"또 봅니다. {FORWARDED}", To=f"help+{case.letters}@centre.example"))
    assert Event.objects.of(factory).get(kind="customer").text == "또 봅니다. 확인 부탁드립니다."


OUTLOOK = (
    "\n보낸 사람: 365센터 <help@centre.example>\n보낸 날짜: 2026년 11월 23일 월요일 오전 9:00\n"
    "받는 사람: 김철수\n제목: RE: 보압\n\n옛말"
)


@pytest.mark.parametrize(
    "below",
    [
        OUTLOOK,
        f"________________________________{OUTLOOK}",
        "From: 365 Centre\nSent: Monday, November 23, 2026 9:00 AM\nTo: Kim\nSubject: RE: pressure\n\nold",
        "*From:* 365 Centre\n*Date:* Mon\n*To:* Kim\n*Subject:* x\n\nold",
        '-----Original Message-----\nFrom: "365센터"<help@centre.example>\nTo: <kim@naver.com>;\nSent: 2026-11-23\n\n옛말',
        "--------- 원본 메일 ---------\n보낸사람: 365센터\n날짜: 26.11.23\n옛말",
        "-------- 원본 이메일 --------\n발신: 365센터\n옛말",
        "-------- 원래 메시지 --------\n옛말",
        "2026년 11월 23일 (월) 오전 9:00, 스마트 365 센터 상담\n<help@centre.example>님이 작성:\n\n> 옛말\n> 더",
        "2026. 11. 23. 오전 9:00, 365센터 <help@centre.example> 작성:\n\n> 옛말",
        "26. 11. 23. 오전 9:00에 365센터 이(가) 쓴 글:\n> 옛말",
        "On Mon, Nov 23, 2026 at 9:00 AM 365 Centre with a long name\n<help@centre.example>\nwrote:\n> old",
        "나의 iPhone에서 보냄\n\n2026. 11. 23. 오전 9:00, 365센터 <help@centre.example> 작성:\n\n> 옛말\n\n-- \n서명",
    ],
)
def test_quotes_of_every_program_are_cut(below: str) -> None:
    assert without_quotes(f"70 bar입니다.\n감사합니다.\n\n{below}") == "70 bar입니다.\n감사합니다."


def test_answers_between_quoted_lines_are_not_lost() -> None:
    wrote = "2026년 11월 23일 (월) 오전 9:00, 365센터 <help@centre.example>님이 작성:"
    text = f"아래에 답했습니다.\n\n{wrote}\n> 보압은?\n70 bar\n> 온도는?\n220도"
    assert without_quotes(text) == text
    assert without_quotes("> 보압은?\n70 bar\n> 온도는?\n220도") == "> 보압은?\n70 bar\n> 온도는?\n220도"


@pytest.mark.parametrize(
    "text",
    ["제목: 3호기 이상\n내용: 온도가 높음", "보낸 사람: 김 과장입니다.\n3호기가 섰습니다.", "11:30에 작성된 보고서: 없음\n다음",
             "2026-11-20 생산분 검사 결과입니다.\n치수 불량 3개"],
)  # fmt: skip
def test_own_lines_that_look_like_headers_stay(text: str) -> None:
    assert without_quotes(text) == text


def test_outlook_marks_its_quote_in_html_and_an_unended_head_hides_nothing() -> None:
    page = "<head><style>p{}</style><body><p>새 말</p><div id=divRplyFwdMsg><b>From:</b> x</div>"
    assert html_text(page) == "새 말"
    assert html_text("<p>새 말</p><blockquote>옛말</blockquote>", whole=True) == "새 말\n\n옛말"


@in_database
@pytest.mark.parametrize("subject", ["[#{number}] 사출기가 멈춤", "회신: RE: [#{number}] 사출기가 멈춤"])
def test_broken_thread_is_found_by_number_for_the_customer_only(
    factory: Any, centre: Any, kim: Any, subject: str
) -> None:
    case = opened(factory, user=kim)
    line = subject.format(number=case.number)
    assert mailbox.take_in(letter("새로 쓴 메일", Subject=line)).case == case
    other = mailbox.take_in(letter("남의 메일", Subject=line, From="x@else.example")).case
    assert (other != case, other.factory, Event.objects.of(factory).filter(private=True, kind="note").count()) == (
        True,
        None,
        0,
    )


@in_database
def test_answer_to_ones_own_letter_goes_on_in_its_case(factory: Any, kim: Any) -> None:
    first = mailbox.take_in(letter("처음"))
    again = mailbox.take_in(letter("덧붙임", In_Reply_To=first.message_id))
    assert (again.outcome, again.case, Case.objects.of(factory).count()) == ("reply", first.case, 1)


@in_database
def test_secret_in_small_letters_and_a_merged_case_lead_to_where_it_goes_on(factory: Any, agent: Any, kim: Any) -> None:
    old, new = opened(factory, user=kim), opened(factory, user=kim, title="같은 일")
    services.merge(case=old, into=new, user=agent.user)
    mailbox.take_in(letter("고객", To=f"help+{old.letters.lower()}@centre.example"))
    mailbox.take_in(letter("낯선 이", To=f"help+{old.letters}@centre.example", From="x@else.example"))
    said = Event.objects.of(factory).filter(text__in=["고객", "낯선 이"]).order_by("pk").values_list("case", "kind")
    assert list(said) == [(new.pk, "customer"), (new.pk, "note")]


@in_database
def test_who_left_the_factory_neither_speaks_nor_hears(factory: Any, agent: Any, kim: Any) -> None:
    case = mailbox.take_in(letter("제가 있을 때")).case
    Membership.objects.filter(user=kim).delete()
    sent = LetterOut.objects.of(factory).filter(to="kim@a.example").count()
    services.answer(case=case, user=agent.user, text="새 답")
    mailbox.take_in(letter("나간 뒤", To=f"help+{case.letters}@centre.example"))

    assert LetterOut.objects.of(factory).filter(to="kim@a.example").count() == sent
    assert Event.objects.of(factory).get(text="나간 뒤").kind == "note"


@in_database
def test_letter_that_is_too_large_is_not_lost_without_a_word(factory: Any, kim: Any) -> None:
    noted = mailbox.take_in(letter("", Subject="동영상"), too_large=True)
    assert (noted.outcome, noted.case.title) == ("opened", "동영상")
    assert "30 MB" in Event.objects.of(factory).get(kind="opened").text


@in_database
def test_long_letter_comes_along_whole_as_a_file(factory: Any, kim: Any) -> None:
    text = "가나다라 " * 6000
    mailbox.take_in(letter(text))
    file = Attachment.objects.of(factory).get()
    assert (file.name, file.size) == ("letter.txt", len(text.strip().encode()))
    assert Event.objects.of(factory).get(kind="opened").text.endswith("[… letter.txt]")


@in_database
def test_two_programs_that_answer_each_other_end(factory: Any, kim: Any) -> None:
    for number in range(30):
        mailbox.take_in(letter(f"자동으로 {number}"))
    assert Case.objects.of(factory).count() == mailbox.KNOWN_AN_HOUR
    assert LetterOut.objects.of(factory).filter(to="kim@a.example").count() == mailbox.RECEIPTS_AN_HOUR
    assert Event.objects.of(factory).filter(kind="customer").count() == 30 - mailbox.KNOWN_AN_HOUR  # nothing lost


@in_database
@pytest.mark.parametrize(
    "subject", ["[자동응답] 휴가입니다", "부재중: 문의", "자동 회신: RE: 보압", "Automatic reply: x", "Out of Office"]
)
def test_absence_notes_without_a_header(kim: Any, subject: str) -> None:
    assert mailbox.take_in(letter("부재중입니다", Subject=subject)).outcome == "automatic"


@in_database
@pytest.mark.parametrize(
    "subject", ["부재중에 온 전화 문의", "자동 응답 장치가 고장", "반송 컨베이어가 멈춤", "Auto reply machine stopped"]
)
def test_subjects_of_people_are_no_absence_notes(kim: Any, subject: str) -> None:
    assert mailbox.take_in(letter("본문", Subject=subject)).outcome == "opened"


@in_database
@pytest.mark.parametrize("headers", [{"Subject": "(광고) 공구 할인"}, {"List_Unsubscribe": "<mailto:x@y.example>"}])
def test_advertisements_open_nothing_for_strangers(centre: Any, kim: Any, headers: dict[str, str]) -> None:
    assert mailbox.take_in(letter("사세요", From="ad@shop.example", **headers)).outcome == "refused"
    assert Case.objects.at(centre).count() == 0


def bounce(message_id: str, action: str = "failed") -> bytes:
    """A report of a mail server as the standard has it."""
    return parts(
        ("Content-Type: text/plain", b"This is the mail system. Your message could not be delivered."),
        ("Content-Type: message/delivery-status",
         f"Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; kim@a.example\r\nAction: {action}\r\n"
         "Status: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user".encode()),
        ("Content-Type: text/rfc822-headers", f"Message-ID: {message_id}\r\nSubject: x".encode()),
        From="MAILER-DAEMON@mx.example", Subject="Undelivered Mail Returned to Sender",
        Content_Type="multipart/report; report-type=delivery-status; boundary=b", Message_ID=f"<bounce-{action}@mx>",
    )  # fmt: skip


@in_database
def test_bounce_is_told_to_the_agent_once_and_to_nobody_else(factory: Any, agent: Any, kim: Any) -> None:
    case = opened(factory, user=kim)
    services.answer(case=case, user=agent.user, text="답")
    out = LetterOut.objects.of(factory).get(to="kim@a.example")
    LetterOut.objects.of(factory).update(sent_at=case.opened_at)
    before = LetterOut.objects.of(factory).exclude(to="agent@centre.example").count()
    assert mailbox.take_in(bounce(out.message_id, "delayed")).outcome == "automatic"
    assert not Event.objects.of(factory).filter(kind="note").exists()
    for _ in range(2):
        mailbox.take_in(bounce(out.message_id))

    event = Event.objects.of(factory).get(kind="note")
    assert (event.private, "kim@a.example" in event.text, "550 5.1.1" in event.text) == (True, True, True)
    assert LetterOut.objects.of(factory).exclude(to="agent@centre.example").count() == before
    told = LetterOut.objects.of(factory).filter(to="agent@centre.example").order_by("-pk")[0]
    LetterOut.objects.of(factory).filter(pk=told.pk).update(sent_at=case.opened_at)
    count = LetterOut.objects.of(factory).count()
    mailbox.take_in(bounce(told.message_id).replace(b"bounce-failed", b"bounce-agent"))
    assert (LetterOut.objects.of(factory).count(), LetterIn.objects.filter(outcome="automatic").count()) == (count, 3)


@in_database
def test_files_of_an_answer_go_with_its_letter(factory: Any, agent: Any, kim: Any) -> None:
    case = opened(factory, user=kim)
    services.answer(case=case, user=agent.user, text="도면을 보세요.", files=[check("배선도 1.png", PNG)])
    message = post.message(LetterOut.objects.of(factory).get(to="kim@a.example"), None).message()
    files = [(part.get_filename(), part.get_payload(decode=True)) for part in message.walk() if part.get_filename()]
    assert files == [("배선도 1.png", PNG)]
