"""News: in the page, by e-mail, by signed calls; nothing twice, nothing lost."""

import base64
import hashlib
import hmac
import json
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.core import mail
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jasang.errors import JasangError
from jasang.plant.text import Text
from jasang.web.jobs.chores import take_turn
from jasang.web.notices import sending, services
from jasang.web.notices.models import Delivery, Letters, Notice, Outcome, Webhook
from jasang.web.notices.posting import checked_address, is_public, signature
from jasang.web.tenants.models import Role
from jasang.web.tenants.services import add_member, set_up_account

from .conftest import PASSWORD
from .running import Portal, wait_until

pytestmark = [pytest.mark.web, pytest.mark.django_db]
DOCS = Path(__file__).parents[2] / "docs"


class Receiver:
    """Another program: keeps what it was sent and answers as it is told."""

    def __init__(self) -> None:
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        self.before_answer: Any = None
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
                if receiver.before_answer is not None:
                    receiver.before_answer()
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?a=1"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def kim(factory: Any, settings: Any) -> Any:
    settings.SMTP, settings.WEBHOOK_PRIVATE = {"host": "x"}, True
    user = set_up_account(user_name="kim", password=PASSWORD)[0]
    user.email = "kim@example.com"
    user.save()
    add_member(user=user, factory=factory, role=Role.OWNER)
    return user


def tell(factory: Any, about: str = "one", **more: Any) -> None:
    given = {"kind": "case", "title": Text(ko="새 소식", en="Something new"), "url": "/x/"} | more
    services.tell(factory=factory, about=about, **given)


def test_diagnosis_tells_everybody_of_the_factory_once(factory: Any, kim: Any, member: Client, hand_over: Any) -> None:
    mentor = set_up_account(user_name="mentor", password=PASSWORD)[0]
    add_member(user=mentor, factory=factory, role=Role.MENTOR, until=timezone.now() + timedelta(days=1))
    hand_over(factory)

    assert sorted(Notice.objects.values_list("user__username", flat=True)) == ["kim", "member"]
    assert member.get(reverse("news-count")).json() == {"unseen": 1}
    page = member.get(reverse("news")).content.decode()
    assert "진단이 끝났습니다. 조치할 것 1건" in page
    assert member.get(reverse("news-count")).json() == {"unseen": 0}


def test_same_thing_is_told_once_and_nothing_when_its_transaction_fails(factory: Any, kim: Any, receiver: Any) -> None:
    services.add_webhook(factory=factory, url=receiver.url, kinds=["case"], by=kim)
    try:
        with transaction.atomic():
            tell(factory)
            raise RuntimeError
    except RuntimeError:
        pass
    assert (Notice.objects.count(), Delivery.objects.of(factory).count()) == (0, 0)

    for _ in range(2):
        tell(factory)
    assert (Notice.objects.count(), Delivery.objects.of(factory).count()) == (1, 1)
    with pytest.raises(ValueError, match="unknown kind of news 'x'"):
        tell(factory, kind="x")


def test_letters_come_as_chosen(factory: Any, kim: Any, settings: Any) -> None:
    settings.PUBLIC_ADDRESS = "https://portal.example.kr"
    services.choose(user=kim, kind="case", letters=Letters.AT_ONCE)
    tell(factory, "at once")
    sending.write_due()
    sending.write_due()
    assert [(one.to, one.subject) for one in mail.outbox] == [(["kim@example.com"], "새 소식")]
    assert "https://portal.example.kr/x/" in mail.outbox[0].body

    services.choose(user=kim, kind="case", letters=Letters.DIGEST)
    tell(factory, "a")
    tell(factory, "b")
    sending.write_due()
    assert len(mail.outbox) == 1  # not before the morning
    Notice.objects.filter(mail_sent_at__isnull=True).update(mail_due_at=timezone.now())
    sending.write_due()
    assert [one.subject for one in mail.outbox[1:]] == ["새 소식 외 1건"]

    services.choose(user=kim, kind="case", letters=Letters.NEVER)
    tell(factory, "never")
    assert Notice.objects.get(key="never").mail_due_at is None


def test_letter_that_cannot_be_sent_is_tried_again(factory: Any, kim: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    services.choose(user=kim, kind="case", letters=Letters.AT_ONCE)
    tell(factory)
    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.EmailMessage.send", lambda self: (_ for _ in ()).throw(OSError("no server")))
        sending.write_due()
    assert (mail.outbox, Notice.objects.get().mail_sent_at) == ([], None)
    Notice.objects.update(mail_due_at=timezone.now())
    sending.write_due()
    assert len(mail.outbox) == 1
    assert Notice.objects.get().mail_sent_at is not None


def test_account_with_an_impossible_address_keeps_nobody_from_letters(factory: Any, kim: Any) -> None:
    odd = set_up_account(user_name="aaa", password=PASSWORD)[0]
    odd.email = "x@a.example\nBcc: all@a.example"
    odd.save()
    add_member(user=odd, factory=factory)
    for user in (odd, kim):
        services.choose(user=user, kind="case", letters=Letters.AT_ONCE)
    Notice.objects.all().delete()
    tell(factory, title=Text(ko="제목\nBcc: all@a.example", en="x\r\ny"))
    sending.write_due()
    assert [(one.to, one.subject) for one in mail.outbox] == [(["kim@example.com"], "제목 Bcc: all@a.example")]


def test_call_is_signed_and_made_once(factory: Any, kim: Any, receiver: Any) -> None:
    hook = services.add_webhook(factory=factory, url=receiver.url, kinds=["case"], by=kim)
    tell(factory, document={"이름": 1})
    sending.call_due()
    sending.call_due()

    ((headers, body),) = receiver.calls
    for page in ("api.md", "api.ko.md"):  # as another program does it who has read the docs
        code = re.search(r"```python\n(.*?)```", (DOCS / page).read_text("utf-8"), re.DOTALL)
        assert code is not None
        told: dict[str, Any] = {}
        exec(code[1], told)
        assert told["is_genuine"](hook.secret, headers, body)
        assert not told["is_genuine"](hook.secret, headers, body + b" ")
        assert not told["is_genuine"](hook.secret, headers | {"webhook-timestamp": "1800000000"}, body)
    assert json.loads(body)["document"] == {"이름": 1}
    kept = Delivery.objects.of(factory).get()
    assert (kept.outcome, kept.status, str(kept.key)) == (Outcome.DELIVERED, 200, headers["webhook-id"])


@pytest.mark.parametrize(
    ("secret", "key", "at", "body", "expected"),
    [  # published examples of Standard Webhooks and of the library it came from
        (
            "whsec_plJ3nmyCDGBKInavdOK15jsl", "msg_loFOjxBNrRLzqYUf", 1731705121,
            b'{"event_type":"ping","data":{"success":true}}', "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
        ),
        (
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
            b'{"test": 2432232314}', "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
    ],
)  # fmt: skip
def test_signature_is_that_of_standard_webhooks(secret: str, key: str, at: int, body: bytes, expected: str) -> None:
    assert signature(secret, key=key, at=at, body=body) == expected


def test_secret_of_an_older_release_signs_with_its_letters() -> None:
    older = "whsec_" + "a-_" * 14 + "b"
    expected = base64.b64encode(hmac.new(older.encode(), b"k.1.x", hashlib.sha256).digest()).decode()
    assert signature(older, key="k", at=1, body=b"x") == f"v1,{expected}"


def test_call_in_vain_waits_longer_each_time_and_ends_as_a_dead_letter(factory: Any, kim: Any, receiver: Any) -> None:
    services.add_webhook(factory=factory, url=receiver.url, kinds=["case"], by=kim)
    receiver.status = 500
    tell(factory)
    rows, waits = Delivery.objects.of(factory), []
    for _ in range(len(sending.WAITS) + 1):
        rows.update(due_at=timezone.now())
        sending.call_due()
        waits.append(round((rows.get().due_at - timezone.now()).total_seconds()))

    assert waits[: len(sending.WAITS)] == pytest.approx(list(sending.WAITS), abs=2)
    assert (rows.get().outcome, rows.get().status) == (Outcome.DEAD, 500)
    assert len({headers["webhook-id"] for headers, _ in receiver.calls}) == 1
    receiver.status = 200
    client = Client()
    client.force_login(kim)
    assert "포기" in client.get(reverse("webhooks", args=[factory.key])).content.decode()
    client.post(reverse("try-call-again", args=[factory.key, rows.get().key]))
    sending.call_due()
    assert rows.get().outcome == Outcome.DELIVERED


def test_addresses_that_carry_a_private_one_inside_are_private() -> None:
    text = """
        ::ffff:10.0.0.1 ::ffff:127.0.0.1 64:ff9b::a00:1 64:ff9b::7f00:1 64:ff9b:1::a00:1 2002:0a00:0001:: 2002:7f00:1::
        2001:0:a00:1:: ::10.0.0.1 ::127.0.0.1 ::ffff:0:10.0.0.1 ::1 :: fe80::1 fe80::1%eth0 fec0::1 fc00::1 ff02::1 2001:db8::1
        3fff::1 5f00::1 100::1 64:ff9b:1::a00:1
        127.0.0.1 10.0.0.1 100.64.0.1 169.254.169.254 192.0.0.8 192.88.99.1 198.18.0.1 224.0.0.1 240.0.0.1 0.0.0.0
        255.255.255.255
    """
    private = text.split()
    assert [one for one in private if is_public(one)] == []
    assert all(
        is_public(one) for one in ("8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2a02::1")
    )


def test_private_network_is_not_called(factory: Any, kim: Any, receiver: Any, settings: Any) -> None:
    settings.WEBHOOK_PRIVATE = False
    services.add_webhook(factory=factory, url=receiver.url, kinds=["case"], by=kim)
    tell(factory)
    sending.call_due()

    assert receiver.calls == []
    assert "private network" in Delivery.objects.of(factory).get().error
    for url in ("ftp://a.kr/", "http://", "javascript:x", "http://u:p@a.kr/", "http://a.kr:99999/", "http://a b/"):
        with pytest.raises(JasangError):
            checked_address(url)


def test_secret_is_sealed_in_the_database_and_nothing_is_signed_without_it(
    factory: Any, kim: Any, receiver: Any, settings: Any
) -> None:
    hook = services.add_webhook(factory=factory, url=receiver.url, kinds=["case"], by=kim)
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM notices_webhook")
        assert hook.secret not in cursor.fetchone()[0]
    tell(factory)

    settings.SECRETS_KEYS = [Fernet.generate_key().decode()]
    sending.call_due()

    kept = Delivery.objects.of(factory).get()
    assert (receiver.calls, kept.outcome) == ([], Outcome.WAITING)
    assert "JASANG_SECRETS_KEY" in kept.error


def test_webhooks_are_the_owners(factory: Any, kim: Any, member: Client, stranger: Client) -> None:
    hook = services.add_webhook(factory=factory, url="https://a.kr/", kinds=["case"], by=kim)
    for client in (member, stranger):
        assert client.get(reverse("webhooks", args=[factory.key])).status_code == 404
        assert client.post(reverse("remove-webhook", args=[factory.key, hook.key])).status_code == 404
        assert client.post(reverse("try-call-again", args=[factory.key, hook.key])).status_code == 404
    owner = Client()
    owner.force_login(kim)
    page = owner.post(reverse("webhooks", args=[factory.key]), {"url": "https://b.kr/", "kinds": ["case"]})
    assert page.context["made"].secret in page.content.decode()
    assert page.context["made"].secret not in owner.get(reverse("webhooks", args=[factory.key])).content.decode()
    assert owner.post(reverse("webhooks", args=[factory.key]), {"url": "b", "kinds": ["case"]}).status_code == 400
    owner.post(reverse("remove-webhook", args=[factory.key, hook.key]))
    assert Webhook.objects.of(factory).count() == 1


def test_choice_is_kept_and_news_of_others_stay_unseen(kim: Any, factory: Any, member: Client) -> None:
    tell(factory)
    client = Client()
    client.force_login(kim)
    client.post(reverse("choose-news"), {"case": "never", "diagnosis_done": "nonsense"})

    assert services.choices(kim) == {kind: services.usual(kind) for kind in settings.NOTICE_KINDS} | {"case": "never"}
    client.get(reverse("news"))
    assert member.get(reverse("news-count")).json() == {"unseen": 1}
    assert Client().get(reverse("news")).status_code == 302


def test_turn_is_taken_by_one_worker() -> None:
    assert [take_turn("chore", 60) for _ in range(3)] == [True, False, False]


def test_call_of_a_killed_worker_is_made_again_under_the_same_id(tmp_path: Path, receiver: Any) -> None:
    portal = Portal(tmp_path / "home")
    try:
        portal.run("setup", "--user", "kim", "--factory", "대한정밀")
        portal.python(
            "from jasang.web.notices.services import add_webhook, tell\n"
            "from jasang.plant.text import Text\n"
            "from jasang.web.tenants.models import Factory\n"
            f"f = Factory.objects.get()\nadd_webhook(factory=f, url={receiver.url!r}, kinds=['case'], by=None)\n"
            "for n in range(3): tell(factory=f, kind='case', about=str(n), title=Text(ko='가', en='a'), url='/')\n"
        )
        worker, _ = portal.start("work")
        receiver.before_answer = worker.kill  # the call has arrived, and its worker never learns it
        wait_until(lambda: worker.poll() is not None, "the worker is killed")
        receiver.before_answer = None
        portal.start("work")
        wait_until(lambda: len({h["webhook-id"] for h, _ in receiver.calls}) == 3 and len(receiver.calls) >= 4, "calls")
        outcomes = (
            "from jasang.web.notices.models import Delivery\n"
            "print(sorted(Delivery.objects.of_every_factory().values_list('about', 'outcome', 'attempts')))"
        )
        wait_until(lambda: portal.python(outcomes).count("'delivered'") == 3, "all delivered")
        assert len(receiver.calls) == 4
        assert sorted(json.loads(body)["about"] for _, body in receiver.calls) == ["0", "0", "1", "2"]
    finally:
        portal.close()
