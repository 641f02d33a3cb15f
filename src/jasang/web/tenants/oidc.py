"""The conversation with a foreign provider of OpenID Connect: discovery, the way there and back, and what its token says.

Authorization code with PKCE (RFC 7636), state and nonce bound to the browser's session; the library is Authlib.
"""

import time
from dataclasses import dataclass
from functools import cache
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.django_client import DjangoOAuth2App, OAuth
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from joserfc import jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from requests import RequestException

from jasang.errors import JasangError
from jasang.web.tenants import limits

# Signatures that only the provider can make. "none" and the HMACs, for which the client's secret would do, are left out.
_SIGNATURES = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")
_TIMEOUT_SECONDS = 10
_CLOCKS_APART_SECONDS = 60
_LOGOUT_SECONDS = 300  # how old a logout token may be
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_NEVER = 1 << 40


class ProviderError(JasangError):
    """The provider did not answer, or not as it must."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a valid token of the provider says about a person."""

    issuer: str
    subject: str
    email: str  # blank unless the provider vouches for it
    unproven_email: str
    name: str
    second_factor: bool
    token: str
    signed_in_at: int | None  # seconds since 1970; when the person showed there who he or she is
    session: str  # the provider's name of its session, blank where it tells none


class _Provider(DjangoOAuth2App):
    """Reads the provider's description strictly: it must be the issuer that the settings name."""

    def load_server_metadata(self) -> dict[str, Any]:
        if "_loaded_at" in self.server_metadata:
            return self.server_metadata
        with self._get_session() as session:
            answer = session.request("GET", self._server_metadata_url, withhold_token=True)
            answer.raise_for_status()
            found = answer.json()
        if found.get("issuer") != settings.OIDC["issuer"]:
            raise ProviderError(
                ko=f"로그인 서비스가 스스로를 {found.get('issuer')!r}라고 합니다. 설정은 {settings.OIDC['issuer']!r}입니다.",
                en=f"The provider calls itself {found.get('issuer')!r}; the settings say {settings.OIDC['issuer']!r}.",
            )
        offered = found.get("id_token_signing_alg_values_supported") or ["RS256"]
        found["id_token_signing_alg_values_supported"] = [one for one in offered if one in _SIGNATURES] or ["RS256"]
        found["_loaded_at"] = time.time()
        self.server_metadata.update(found)
        return self.server_metadata


class _OAuth(OAuth):
    oauth2_client_cls = _Provider


@cache
def _client(issuer: str, client_id: str, client_secret: str, scopes: str) -> _Provider:
    return _OAuth().register(
        name="foreign",
        client_id=client_id,
        client_secret=client_secret or None,
        server_metadata_url=f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={
            "scope": scopes,
            "code_challenge_method": "S256",
            "default_timeout": _TIMEOUT_SECONDS,
            **({} if client_secret else {"token_endpoint_auth_method": "none"}),
        },
    )


def client() -> _Provider:
    """The client of the configured provider."""
    about = settings.OIDC
    return _client(about["issuer"], about["client_id"], about["client_secret"], about["scopes"])


def forget() -> None:
    """Read the provider's description anew at the next sign-in."""
    _client.cache_clear()


def way_there(request: HttpRequest, back: str, *, anew: bool = False) -> HttpResponse:
    """Send the browser to the provider; it comes back to the address `back`. `anew`: the person must show who he or she is."""
    asked = {"prompt": "login", "max_age": 0} if anew else {}
    try:
        return client().authorize_redirect(request, back, **asked)
    except (RequestException, ValueError, RuntimeError, AuthlibBaseError) as error:
        raise _silent(error) from error


def way_back(request: HttpRequest) -> Told:
    """What the provider says about the person, after everything about its answer was checked."""
    if request.GET.get("error"):
        raise _refused(request.GET["error"])
    about = settings.OIDC
    try:
        token = client().authorize_access_token(
            request,
            claims_options={
                "iss": {"essential": True, "values": [about["issuer"]]},
                "aud": {"essential": True, "value": about["client_id"]},
            },
            leeway=_CLOCKS_APART_SECONDS,
        )
    except RequestException as error:
        raise _silent(error) from error
    except (AuthlibBaseError, JoseError, ValueError) as error:
        raise _not_believed(error) from error
    claims = token.get("userinfo")
    if not claims:
        raise ProviderError(
            ko="로그인 서비스가 신원 확인서(ID 토큰)를 보내지 않았습니다.", en="The provider sent no ID token."
        )
    return _told(token, claims)


def _told(token: dict[str, Any], claims: dict[str, Any]) -> Told:
    about = dict(claims)
    if "email" not in about and client().load_server_metadata().get("userinfo_endpoint"):
        about |= _more(token, claims["sub"])
    email = str(about.get("email") or "").strip()[:254]
    proven = about.get("email_verified") is True or about.get("email_verified") == "true"
    amr = claims.get("amr") or []
    return Told(
        issuer=claims["iss"],
        subject=str(claims["sub"])[:255],
        email=email if proven else "",
        unproven_email=email,
        name=str(about.get("preferred_username") or "").strip()[:150],
        second_factor=bool(set(amr) & set(settings.OIDC["second_factor"])),
        token=token["id_token"],
        signed_in_at=int(claims["auth_time"]) if isinstance(claims.get("auth_time"), int | float) else None,
        session=str(claims.get("sid") or "")[:255],
    )


def _more(token: dict[str, Any], subject: str) -> dict[str, Any]:
    """Claims that the provider keeps for its userinfo address; they count only for the token's own subject."""
    try:
        found = client().userinfo(token=token)
    except (RequestException, AuthlibBaseError, ValueError) as error:
        raise _silent(error) from error
    if found.get("sub") != subject:
        raise _not_believed(ValueError("userinfo tells of another subject"))
    return {name: found[name] for name in ("email", "email_verified", "preferred_username") if name in found}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What the provider says has ended there: all sign-ins of a person, or one session (the other is blank)."""

    issuer: str
    subject: str
    session: str
    at: int  # seconds since 1970: later sign-ins are none of its business


def read_logout_token(text: str) -> Ended:
    """What a logout token says (OpenID Connect Back-Channel Logout 1.0, 2.4 to 2.6). Raises `ProviderError`."""
    try:
        claims = _signed_claims(text)
    except RequestException as error:
        raise _silent(error) from error
    except (AuthlibBaseError, JoseError, ValueError, TypeError) as error:
        raise _not_believed(error) from error
    about, at, over = settings.OIDC, claims.get("iat"), claims.get("exp", _NEVER)
    aud = claims.get("aud")
    subject, session = (claims.get(name, "") for name in ("sub", "sid"))
    events = claims.get("events")
    now = time.time()
    fits = (
        claims.get("iss") == about["issuer"]
        and about["client_id"] in (aud if isinstance(aud, list) else [aud])
        and isinstance(at, int | float)
        and isinstance(over, int | float)
        and abs(now - at) < _LOGOUT_SECONDS
        and over > now - _CLOCKS_APART_SECONDS
        and isinstance(events, dict)
        and isinstance(events.get(_LOGOUT_EVENT), dict)
        and "nonce" not in claims
        and isinstance(subject, str)
        and isinstance(session, str)
        and (subject or session)
    )
    if not fits:
        raise _not_believed(ValueError("no logout token"))
    return Ended(issuer=about["issuer"], subject=subject, session=session, at=int(at))


def _signed_claims(text: str) -> dict[str, Any]:
    """The claims under a signature that only the provider can make; its keys are asked anew once, when they have changed."""
    registry = JWSRegistry(
        algorithms=client().load_server_metadata()["id_token_signing_alg_values_supported"], strict_check_header=False
    )
    try:
        return dict(jwt.decode(text, KeySet.import_key_set(client().fetch_jwk_set()), registry=registry).claims)
    except (InvalidKeyIdError, BadSignatureError):
        limits.count(
            "foreign", "keys asked anew"
        )  # anybody may send us tokens: nobody shall use us to flood the provider
        keys = KeySet.import_key_set(client().fetch_jwk_set(force=True))
        return dict(jwt.decode(text, keys, registry=registry).claims)


def way_out(token: str, back: str) -> str | None:
    """The address at which the person signs out at the provider too; `None` where it has none or does not answer."""
    try:
        if not client().load_server_metadata().get("end_session_endpoint"):
            return None
        address: str = client().create_logout_url(back, id_token_hint=token)["url"]
    except (RequestException, ValueError, RuntimeError, AuthlibBaseError, ProviderError):
        return None
    return address


def _silent(error: Exception) -> ProviderError:
    return ProviderError(
        ko=f"로그인 서비스와 연결되지 않습니다({type(error).__name__}). 잠시 뒤 다시 하거나 비밀번호로 로그인하세요.",
        en=f"The sign-in service cannot be reached ({type(error).__name__}). Try again in a moment, or use your password.",
    )


def _refused(word: str) -> ProviderError:
    if word == "access_denied":
        return ProviderError(
            ko="로그인 서비스에서 취소했습니다.", en="Signing in was cancelled at the sign-in service."
        )
    plain = "".join(letter for letter in word if letter.isalnum() or letter in "_-")[:60]
    return ProviderError(ko=f"로그인 서비스가 거절했습니다({plain}).", en=f"The sign-in service refused ({plain}).")


def _not_believed(error: Exception) -> ProviderError:
    return ProviderError(
        ko=f"로그인 서비스의 답을 믿을 수 없어 로그인하지 않았습니다({type(error).__name__}). 처음부터 다시 하세요.",
        en=f"The answer of the sign-in service cannot be trusted ({type(error).__name__}). Please begin again.",
    )
