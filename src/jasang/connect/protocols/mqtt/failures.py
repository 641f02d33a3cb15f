"""Why a broker cannot be used, in sentences that say what to do."""

import socket
import ssl

from jasang.connect.contract import Link
from jasang.errors import ConnectionFailed

# X509_V_ERR_… of OpenSSL's x509_vfy.h
_EXPIRED, _NOT_YET_VALID, _HOST_MISMATCH, _IP_MISMATCH = 10, 9, 62, 64
# Reason codes of MQTT 5, 2.4; those of 3.1.1 arrive as the same ones.
BAD_PROTOCOL, BAD_CLIENT_ID, BAD_PASSWORD, NOT_AUTHORIZED, BANNED = 0x84, 0x85, 0x86, 0x87, 0x8A
SERVER_UNAVAILABLE, SERVER_BUSY, TAKEN_OVER, QUOTA = 0x88, 0x89, 0x8E, 0x97


def unreachable(link: Link, error: BaseException) -> ConnectionFailed:
    """No connection at all, or no trust in the one that stands."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _not_trusted(link, error)
    if isinstance(error, ssl.SSLError):
        return _no_tls(link, error)
    if isinstance(error, socket.gaierror):
        return _failed(
            link,
            f"{link.url} 의 서버 이름을 찾을 수 없습니다. 주소의 철자와 네트워크(DNS)를 확인하세요.",
            f"the host name of {link.url} is not known; check its spelling and the network (DNS)",
        )
    if isinstance(error, ConnectionRefusedError):
        return _failed(
            link,
            f"{link.url} 에서 듣고 있는 프로그램이 없습니다(연결 거부). 브로커가 켜져 있는지, 포트가 맞는지 확인하세요.",
            f"nothing listens on {link.url} (connection refused); is the broker running, is the port right?",
        )
    reason = str(error) or type(error).__name__
    return _failed(
        link,
        f"{link.url} 에 연결할 수 없습니다({reason}). 브로커의 전원, 주소, 방화벽을 확인하세요.",
        f"cannot reach {link.url} ({reason}); is the broker on, the address right, the firewall open?",
    )


def _not_trusted(link: Link, error: ssl.SSLCertVerificationError) -> ConnectionFailed:
    if error.verify_code == _EXPIRED:
        ko = "브로커의 인증서가 기한이 지났습니다. 인증서를 새로 만들어야 합니다. 이 PC의 시계도 확인하세요."
        en = "the broker's certificate has expired; it needs a new one (check this computer's clock too)"
    elif error.verify_code == _NOT_YET_VALID:
        ko = "브로커의 인증서가 아직 유효하지 않습니다. 이 PC의 시계를 확인하세요."
        en = "the broker's certificate is not valid yet; check this computer's clock"
    elif error.verify_code in (_HOST_MISMATCH, _IP_MISMATCH):
        ko = f"브로커의 인증서는 다른 이름으로 발급되었습니다({error.verify_message}). 인증서에 있는 이름을 url에 쓰세요."
        en = f"the broker's certificate is for another name ({error.verify_message}); use the name in the certificate as url"
    else:
        ko = (
            f"브로커의 인증서를 믿을 수 없습니다({error.verify_message}). 발급한 곳의 인증서 파일을 ca_file에 적으세요."
        )
        en = f"the broker's certificate is not trusted ({error.verify_message}); name the issuer's certificate file in ca_file"
    return _failed(link, ko, en, permanent=True)


def _no_tls(link: Link, error: ssl.SSLError) -> ConnectionFailed:
    reason = error.reason or str(error)
    if "ALERT" in reason:
        return _failed(
            link,
            f"브로커가 암호 연결을 거절했습니다({reason}). 클라이언트 인증서(certificate_file, key_file)를 확인하세요.",
            f"the broker refuses the encrypted connection ({reason}); does it ask for a client certificate"
            " (certificate_file, key_file), or another one?",
            permanent=True,
        )
    return _failed(
        link,
        f"{link.url} 은(는) 암호 연결(TLS)로 답하지 않습니다({reason}). 포트가 맞는지, mqtt:// 인지 확인하세요.",
        f"{link.url} does not speak TLS ({reason}); is the port right, or is it mqtt://?",
    )


def refused(link: Link, code: int, name: str) -> ConnectionFailed:
    """The broker answered CONNECT with a reason code."""
    user = link.username
    if code in (BAD_PASSWORD, NOT_AUTHORIZED, BANNED):
        who = ("이름 없이", "without a user name") if user is None else (f"사용자 {user!r} 을(를)", f"user {user!r}")
        return _failed(
            link,
            f"브로커가 {who[0]} 받아 주지 않습니다({name}). 사용자 이름과 비밀번호, 브로커의 권한을 확인하세요.",
            f"the broker refuses {who[1]} ({name}); check user name, password and the broker's permissions",
            permanent=True,
        )
    if code == BAD_CLIENT_ID:
        return _failed(
            link,
            f"브로커가 client_id를 받아 주지 않습니다({name}). 다른 client_id를 쓰거나 브로커의 규칙을 확인하세요.",
            f"the broker does not accept the client id ({name}); set another client_id or check the broker's rules",
            permanent=True,
        )
    if code == BAD_PROTOCOL:
        return _failed(
            link,
            '브로커가 이 MQTT 버전을 모릅니다. version = "3.1.1" (또는 "5")로 바꾸세요.',
            'the broker does not know this MQTT version; set version = "3.1.1" (or "5")',
            permanent=True,
        )
    return _failed(
        link, f"브로커가 연결을 받지 않았습니다({name}).", f"the broker did not accept the connection ({name})"
    )


def no_answer(link: Link, timeout: float) -> ConnectionFailed:
    """Connected, but nothing that looks like MQTT came back."""
    return _failed(
        link,
        f"{link.url} 이(가) {timeout:g}초 안에 MQTT로 답하지 않습니다. 포트가 맞는지, 암호 연결(mqtts://)이 필요한지 확인하세요.",
        f"{link.url} does not answer as MQTT within {timeout:g} s; is the port right, does it want mqtts://?",
    )


def hung_up(link: Link) -> ConnectionFailed:
    """The broker closed the connection instead of answering CONNECT."""
    encrypted = link.url.startswith("mqtts:")
    return _failed(
        link,
        f"{link.url} 이(가) 답하지 않고 연결을 끊었습니다. "
        + (
            "클라이언트 인증서가 필요한지 확인하세요."
            if encrypted
            else "암호 연결(mqtts://)이 필요한 포트인지 확인하세요."
        )
        + ' version = "3.1.1"로도 해 보세요.',
        f"{link.url} hung up without an answer; "
        + ("does it ask for a client certificate?" if encrypted else "is it a port for mqtts://?")
        + ' Try version = "3.1.1" too',
    )


def lost(link: Link, code: int | None, name: str, lasted: float) -> ConnectionFailed:
    """A connection that stood is gone, after `lasted` s."""
    if code == TAKEN_OVER:
        return _failed(
            link,
            "다른 프로그램이 같은 client_id로 브로커에 연결했습니다. 수집기가 두 개 돌고 있지 않습니까?",
            "another program took over the connection with the same client_id; is a second collector running?",
        )
    brief = lasted < 5.0
    return _failed(
        link,
        f"{link.url} 과(와) 연결이 끊겼습니다({name})."
        + (" 바로 끊긴다면 같은 client_id를 쓰는 프로그램이 있는지 확인하세요." if brief else ""),
        f"the connection to {link.url} is lost ({name})"
        + ("; if it goes at once each time, does another program use the same client_id?" if brief else ""),
    )


def _failed(link: Link, ko: str, en: str, *, permanent: bool = False) -> ConnectionFailed:
    return ConnectionFailed(ko=f"연결 {link.name!r}: {ko}", en=f"connection {link.name!r}: {en}", permanent=permanent)
