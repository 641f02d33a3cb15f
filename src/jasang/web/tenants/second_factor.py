"""Six digits from the phone besides the password (TOTP, RFC 6238), recovery codes, and where a person is signed in."""

import io
import secrets
from typing import Any

import pyotp
import segno
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from jasang.web.tenants.models import Post, RecoveryCode, SecondFactor, SignedIn
from jasang.web.tenants.people import fingerprint
from jasang.web.tenants.secret_texts import Unreadable

RECOVERY_CODES = 10
_STEP_SECONDS = 30
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
PASSED = "second_factor"  # in the session: this browser showed the second factor


def factor_of(user: AbstractBaseUser) -> SecondFactor | None:
    """The person's second factor, when it counts."""
    return SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).first()


@transaction.atomic
def begin(*, user: AbstractBaseUser) -> SecondFactor:
    """The secret to be taken into the phone; it stays the same until the first right code."""
    factor, _ = SecondFactor.objects.get_or_create(user=user, defaults={"secret": pyotp.random_base32()})
    return factor


def address_of(factor: SecondFactor) -> str:
    """What the QR code says (otpauth://)."""
    return pyotp.TOTP(factor.secret).provisioning_uri(name=factor.user.get_username(), issuer_name="Jasang")


def picture(factor: SecondFactor) -> bytes:
    """The QR code as SVG."""
    out = io.BytesIO()
    segno.make(address_of(factor), error="m").save(out, kind="svg", scale=6, border=3, dark="#1c2733", light="#fff")
    return out.getvalue()


@transaction.atomic
def confirm(*, user: AbstractBaseUser, code: str) -> list[str] | None:
    """The first right code switches the second factor on; the recovery codes, known here only. `None` for a wrong one."""
    factor = SecondFactor.objects.select_for_update().filter(user=user, confirmed_at__isnull=True).first()
    if factor is None or not _take(factor, code):
        return None
    factor.confirmed_at = timezone.now()
    factor.save(update_fields=["confirmed_at"])
    return fresh_codes(user=user)


@transaction.atomic
def fresh_codes(*, user: AbstractBaseUser) -> list[str]:
    """New recovery codes; the older ones no longer count."""
    RecoveryCode.objects.filter(user=user).delete()
    codes = [
        "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(2)) for _ in range(RECOVERY_CODES)
    ]
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, code=fingerprint(code)) for code in codes)
    return codes


@transaction.atomic
def switch_off(*, user: AbstractBaseUser) -> None:
    """Password alone again."""
    SecondFactor.objects.filter(user=user).delete()
    RecoveryCode.objects.filter(user=user).delete()


@transaction.atomic
def check(*, user: AbstractBaseUser, code: str) -> bool:
    """Whether these are the phone's digits of now, or an unused recovery code. Either counts once."""
    factor = SecondFactor.objects.select_for_update().filter(user=user, confirmed_at__isnull=False).first()
    if factor is None:
        return False
    plain = code.strip().lower().replace(" ", "")
    if plain.isdecimal():
        return _take(factor, plain)
    return bool(
        RecoveryCode.objects.filter(user=user, code=fingerprint(plain), used_at__isnull=True).update(
            used_at=timezone.now()
        )
    )


def step_now() -> int:
    """The number of the half minute that codes are made from."""
    return int(timezone.now().timestamp()) // _STEP_SECONDS


def _take(factor: SecondFactor, code: str) -> bool:
    if isinstance(factor.secret, Unreadable):  # the key of the database's secrets is gone: recovery codes still count
        return False
    # Phones run a little slow or fast: the step before and the one after count too, but none twice.
    now = step_now()
    plain = code.strip().replace(" ", "")
    made = pyotp.TOTP(factor.secret)
    for step in (now - 1, now, now + 1):
        if secrets.compare_digest(made.generate_otp(step).encode(), plain.encode()):
            earlier = SecondFactor.objects.filter(pk=factor.pk, last_step__lt=step)
            return bool(earlier.update(last_step=step))
    return False


def codes_left(user: AbstractBaseUser) -> int:
    """How many recovery codes are still unused."""
    return RecoveryCode.objects.filter(user=user, used_at__isnull=True).count()


def needs_second_factor(request: HttpRequest) -> bool:
    """Whether pages above a factory wait until this browser shows a second factor."""
    return settings.SECOND_FACTOR and not request.session.get(PASSED)


def has_post(user: AbstractBaseUser) -> bool:
    """Whether the person has a role above the factories, for which a second factor is asked."""
    return Post.objects.filter(user=user).exists()


def keep_sign_in(sender: Any, request: HttpRequest, user: AbstractBaseUser, **about: Any) -> None:
    """Write down in which browser the person is signed in (a receiver of `user_logged_in`)."""
    if request.session.session_key is None:
        request.session.save()
    SignedIn.objects.update_or_create(
        session=request.session.session_key,
        defaults={
            "user": user,
            "browser": request.META.get("HTTP_USER_AGENT", "")[:200],
            "address": request.META.get("REMOTE_ADDR") or None,
        },
    )


def sign_ins(user: AbstractBaseUser) -> list[SignedIn]:
    """The browsers in which the person is signed in now, newest first."""
    rows = list(SignedIn.objects.filter(user=user).order_by("-at", "-pk"))
    living = set(
        Session.objects.filter(
            session_key__in=[row.session for row in rows], expire_date__gt=timezone.now()
        ).values_list("session_key", flat=True)
    )
    return [row for row in rows if row.session in living]


@transaction.atomic
def sign_out_elsewhere(*, user: AbstractBaseUser, here: str | None) -> int:
    """End the person's sign-ins in all browsers but this one; how many."""
    others = SignedIn.objects.filter(user=user).exclude(session=here or "")
    keys = list(others.values_list("session", flat=True))
    ended, _ = Session.objects.filter(session_key__in=keys).delete()
    others.delete()
    return ended
