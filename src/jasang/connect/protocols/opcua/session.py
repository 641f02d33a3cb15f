"""A session with an OPC UA server: security, login, and what is wrong in plain words when there is none."""

import asyncio
import logging
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from asyncua import Client, Node, ua

from jasang.connect.contract import Link
from jasang.connect.protocols.opcua import security
from jasang.connect.protocols.opcua.options import options_of
from jasang.errors import ConnectionFailed
from jasang.plant.text import Text

REFUSED = ("BadUserAccessDenied", "BadIdentityTokenRejected", "BadIdentityTokenInvalid", "BadSecurityModeRejected")
UNTRUSTED = (
    "BadSecurityChecksFailed", "BadCertificateUntrusted", "BadCertificateInvalid", "BadCertificateChainIncomplete",
    "BadCertificateUriInvalid", "BadCertificateUseNotAllowed", "BadCertificateTimeInvalid", "BadApplicationSignatureInvalid",
)  # fmt: skip
# Whatever a connection attempt may raise besides our own errors: the network, a refusal, an answer that is not OPC UA.
FAILURES = (OSError, asyncio.TimeoutError, ua.UaError, asyncio.IncompleteReadError, EOFError)
_MODES = {"Sign": ua.MessageSecurityMode.Sign, "SignAndEncrypt": ua.MessageSecurityMode.SignAndEncrypt}

PORT = 4840  # registered for OPC UA

_log = logging.getLogger(__name__)


def _with_port(url: str) -> str:
    """The port of OPC UA where the address names none."""
    place, slash, path = url.removeprefix("opc.tcp://").partition("/")
    return url if ":" in place.rpartition("]")[2] else f"opc.tcp://{place}:{PORT}{slash}{path}"


async def connect(link: Link) -> Client:
    """A client with a session that stands; `ConnectionFailed` says what is wrong."""
    client = Client(_with_port(link.url), timeout=link.timeout)
    options = options_of(link)
    identity: security.Identity | None = None
    if options.security_policy != "None":
        paths = [None if one is None else link.folder / one for one in (options.certificate, options.private_key)]
        identity = security.own_identity(*paths)
        await _secure(client, link, identity)
    if options.user_certificate is not None and options.user_key is not None:
        await _user_certificate(client, link, options.user_certificate, options.user_key)
    if link.username is not None:
        client.set_user(link.username)
        client.set_password(link.password or "")
    try:
        await client.connect()
    # A server that refuses a certificate answers with a fault where asyncua asserts a channel.
    except (*FAILURES, AssertionError) as error:
        await disconnect(client)
        if isinstance(error, ua.UaError) and str(error).startswith("No matching endpoints"):
            raise _other_security(link, await _offered(link)) from error
        raise unreachable(link, error, identity) from error
    return client


async def disconnect(client: Client) -> None:
    """Close politely; a server that is gone gets no more than a moment."""
    # asyncua logs a traceback when it says goodbye to a server that is gone; our own log says that once, in one line.
    quiet = logging.getLogger("asyncua")
    level, quiet.level = quiet.level, logging.CRITICAL
    try:
        await asyncio.wait_for(client.disconnect(), timeout=3.0)
    except FAILURES as error:
        _log.debug("while disconnecting: %r", error)
    finally:
        quiet.level = level


async def server_certificates(link: Link) -> tuple[security.ServerCertificate, ...]:
    """The certificates of a server's secured endpoints, each once; `ConnectionFailed` when it has none or is not there."""
    found: dict[str, security.ServerCertificate] = {}
    for endpoint in await _offered(link):
        if endpoint.SecurityMode in _MODES.values() and endpoint.ServerCertificate:
            one = _described(link, endpoint.ServerCertificate)
            found[one.sha256] = one
    if not found:
        raise ConnectionFailed(
            ko=f"{link.url}: 이 서버는 암호화된 연결을 제공하지 않아 신뢰할 인증서가 없습니다.",
            en=f"{link.url}: this server offers no secured connection, so there is no certificate to trust",
            permanent=True,
        )
    return tuple(found.values())


def certificate_doubts(client: Client) -> tuple[Text, ...]:
    """What is doubtful in the certificate of the server that the client is connected to."""
    der = client.security_policy.peer_certificate
    if not der or client.security_policy.Mode not in _MODES.values():
        return ()
    found = security.described(bytes(der))
    if not found.expired(datetime.now(UTC)):
        return ()
    return (
        Text(
            ko=f"기계의 인증서가 {found.valid_to:%Y-%m-%d}에 끝났습니다. 신뢰 목록에 있어 그대로 씁니다.",
            en=f"the machine's certificate expired on {found.valid_to:%Y-%m-%d}; it is used because it is on the trust list",
        ),
    )


async def _secure(client: Client, link: Link, identity: security.Identity) -> None:
    options = options_of(link)
    policy = security.POLICIES[options.security_policy]
    mode = _MODES[options.security_mode or "SignAndEncrypt"]
    offered = await _offered(link)
    fitting = [one for one in offered if one.SecurityPolicyUri == policy.URI and one.SecurityMode == mode]
    if not fitting:
        raise _other_security(link, offered)
    found = _described(link, fitting[0].ServerCertificate)
    if not security.is_trusted(found.der):
        raise ConnectionFailed(
            ko=f"연결 {link.name!r}: 인증서를 신뢰하지 않습니다: {found.subject!r}, 지문(SHA-1) {found.thumbprint}."
            f" 기계 화면의 지문과 같으면 'jasang connect trust {link.url}' 을 실행하세요.",
            en=f"connection {link.name!r}: certificate not trusted: {found.subject!r}, thumbprint (SHA-1) {found.thumbprint};"
            f" if the machine shows the same one, run 'jasang connect trust {link.url}'",
            permanent=True,
        )
    client.application_uri = identity.uri
    try:
        await client.set_security(
            policy, str(identity.certificate), str(identity.key), server_certificate=found.der, mode=mode
        )
    except (OSError, ValueError, TypeError, ua.UaError) as error:
        raise ConnectionFailed(
            ko=f"연결 {link.name!r}: 인증서 {identity.certificate} 또는 키를 쓸 수 없습니다({error}).",
            en=f"connection {link.name!r}: certificate {identity.certificate} or its key cannot be used ({error})",
            permanent=True,
        ) from error


async def _user_certificate(client: Client, link: Link, certificate: str, key: str) -> None:
    try:
        await client.load_client_certificate(str(link.folder / certificate))
        await client.load_private_key(link.folder / key)
    except (OSError, ValueError, TypeError, ua.UaError) as error:
        raise ConnectionFailed(
            ko=f"연결 {link.name!r}: 사용자 인증서 {certificate!r} 또는 키 {key!r} 을(를) 읽을 수 없습니다({error}).",
            en=f"connection {link.name!r}: user certificate {certificate!r} or key {key!r} cannot be read ({error})",
            permanent=True,
        ) from error


async def _offered(link: Link) -> list[ua.EndpointDescription]:
    client = Client(_with_port(link.url), timeout=link.timeout)
    try:
        found: list[ua.EndpointDescription] = await client.connect_and_get_server_endpoints()
    except FAILURES as error:
        raise unreachable(link, error) from error
    return found


def _described(link: Link, der: bytes | None) -> security.ServerCertificate:
    try:
        return security.described(der or b"")
    except ValueError as error:
        raise ConnectionFailed(
            ko=f"연결 {link.name!r}: 서버의 인증서를 읽을 수 없습니다({error}).",
            en=f"connection {link.name!r}: the server's certificate cannot be read ({error})",
            permanent=True,
        ) from error


def _other_security(link: Link, offered: Sequence[ua.EndpointDescription]) -> ConnectionFailed:
    kinds = sorted(
        {
            "None" if one.SecurityMode == ua.MessageSecurityMode.None_
            else f"{str(one.SecurityPolicyUri).rpartition('#')[2].replace('_', '')} ({one.SecurityMode.name})"
            for one in offered
        }
    )  # fmt: skip
    options = options_of(link)
    wanted: str = options.security_policy
    if wanted != "None":
        wanted = f"{wanted} ({options.security_mode or 'SignAndEncrypt'})"
    listed = ", ".join(kinds) or "-"
    return ConnectionFailed(
        ko=f"연결 {link.name!r}: 서버에 보안 방식 {wanted} 이(가) 없습니다. 서버에 있는 것: {listed}."
        " security_policy와 security_mode를 그중에서 적으세요.",
        en=f"connection {link.name!r}: the server does not offer security {wanted}; it offers {listed};"
        " set security_policy and security_mode to one of these",
        permanent=True,
    )


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__


def unreachable(link: Link, error: BaseException, identity: security.Identity | None = None) -> ConnectionFailed:
    """Why no session could be made, in plain words."""
    kind = type(error).__name__
    if kind in REFUSED:
        options = options_of(link)
        user = options.user_certificate or link.username
        return ConnectionFailed(
            ko=f"연결 {link.name!r}: {link.url} 이(가) 사용자 {user or '익명'} 을(를) 거절했습니다"
            f"({kind}). 사용자 이름과 비밀번호를 확인하세요.",
            en=f"connection {link.name!r}: {link.url} refuses user {user or 'anonymous'}"
            f" ({kind}); check user name and password",
            permanent=True,
        )
    if identity is not None and (
        kind in UNTRUSTED or isinstance(error, (ConnectionError, ua.UaError, EOFError, AssertionError))
    ):
        return ConnectionFailed(
            ko=f"연결 {link.name!r}: 기계가 자상의 인증서를 아직 받아들이지 않습니다({_reason(error)})."
            f" 기계의 설정에서 지문(SHA-1) {identity.thumbprint} 인증서를 '거부됨'에서 '신뢰함'으로 옮기세요."
            f" 인증서 파일: {identity.certificate}",
            en=f"connection {link.name!r}: the machine does not accept Jasang's certificate yet ({_reason(error)});"
            f" in its settings move the certificate with thumbprint (SHA-1) {identity.thumbprint} from rejected to trusted;"
            f" the file is {identity.certificate}",
            permanent=True,
        )
    # The network took us there, and what listens hung up or said something else.
    if type(error) is ConnectionError or isinstance(error, (ConnectionResetError, EOFError)):
        return ConnectionFailed(
            ko=f"연결 {link.name!r}: {link.url} 이(가) 연결은 받지만 OPC UA로 답하지 않습니다({_reason(error)})."
            " 포트가 맞는지, 기계의 OPC UA 서버가 켜져 있는지 확인하세요.",
            en=f"connection {link.name!r}: {link.url} takes the connection, but does not answer as OPC UA ({_reason(error)});"
            " is the port right, the machine's OPC UA server on?",
        )
    return ConnectionFailed(
        ko=f"연결 {link.name!r}: {link.url} 에 연결할 수 없습니다({_reason(error)}). 기계의 전원, 주소, 방화벽을 확인하세요.",
        en=f"connection {link.name!r}: cannot reach {link.url} ({_reason(error)}); is the machine on, the address right,"
        " the firewall open?",
    )


def lost(link: Link, error: BaseException) -> ConnectionFailed:
    """A connection that stood is gone."""
    return ConnectionFailed(
        ko=f"연결 {link.name!r}: {link.url} 과(와) 연결이 끊겼습니다({_reason(error)}).",
        en=f"connection {link.name!r}: the connection to {link.url} is lost ({_reason(error)})",
    )


_WITH_URI = re.compile(r"nsu=(?P<uri>.+?);(?P<rest>[isgb]=.+)", re.DOTALL)


def parse_address(address: str) -> tuple[str | None, ua.NodeId]:
    """The namespace URI (if the address has one) and the node id with a still open namespace index.

    Raises `ValueError` for a text that is no node id.
    """
    found = _WITH_URI.fullmatch(address)
    try:
        if found is None:
            return None, ua.NodeId.from_string(address)
        return found["uri"], ua.NodeId.from_string(found["rest"])
    except (ua.UaError, ValueError) as error:
        raise ValueError(f"{address!r} is no OPC UA node id") from error


async def node_at(client: Client, link: Link, address: str | None, namespaces: Sequence[str] | None = None) -> Node:
    """The node of an address, the Objects folder for none; `ConnectionFailed` for a namespace that the server has not."""
    if address is None:
        return client.nodes.objects
    uri, node_id = parse_address(address)
    if uri is None:
        return client.get_node(node_id)
    if namespaces is None:
        namespaces = await client.get_namespace_array()
    if uri not in namespaces:
        raise ConnectionFailed(
            ko=f"연결 {link.name!r}: 서버에 네임스페이스 {uri!r} 이(가) 없습니다. 서버에 있는 것: {namespaces}",
            en=f"connection {link.name!r}: the server has no namespace {uri!r}; it has {namespaces}",
        )
    return client.get_node(ua.NodeId(node_id.Identifier, namespaces.index(uri), node_id.NodeIdType))
