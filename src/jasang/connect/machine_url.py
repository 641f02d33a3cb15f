"""The address of a machine, looked at before anything connects: its kind, its host and its port."""

import re
from urllib.parse import urlsplit

from jasang.connect.contract import MachineProtocol
from jasang.plant.text import Text

_WITHOUT_HOST = ("file", "sqlite", "modbus-rtu")  # a path follows
_HOST_MAY_LACK = ("postgresql", "mysql", "mariadb")  # a socket of this computer
_PORT = re.compile(r"[0-9]{1,5}")


def url_complaint(url: str, protocol: MachineProtocol) -> Text | None:
    """What is wrong with an address of this protocol; `None` when nothing is. Never shows what stands before an @."""
    scheme, rest = url.partition(":")[0], url.partition("://")[2]
    place = rest.partition("/")[0]
    if "@" in place:
        return Text(
            ko="주소에 비밀번호를 쓰지 마세요. username과 password_env를 쓰세요",
            en="must not hold a password; use username and password_env",
        )
    if not any(url.startswith(f"{one}:") for one in protocol.schemes):
        wanted = ", ".join(f"{one}://…" for one in protocol.schemes)
        return Text(ko=f"{url!r} 은(는) {wanted} 로 시작해야 합니다", en=f"{url!r} must begin with {wanted}")
    if scheme in _WITHOUT_HOST:
        return None
    try:
        split = urlsplit(f"//{place}")
        host, port = split.hostname or "", place.rpartition(":")[2] if ":" in place.rpartition("]")[2] else None
    except ValueError:  # a bracket too few
        host, port = " ", None
    if port is not None and (_PORT.fullmatch(port) is None or not 1 <= int(port) <= 65_535):
        return Text(
            ko=f"{url!r} 의 포트 {port!r} 은(는) 1에서 65535 사이의 수여야 합니다",
            en=f"{url!r} has port {port!r}; expected a number from 1 to 65535",
        )
    if scheme == "modbus-tcp" and rest.rstrip("/") != place:
        return Text(
            ko=f"{url!r} 은(는) 컴퓨터와 포트만 적어야 합니다. 예: modbus-tcp://192.168.0.30:502",
            en=f"{url!r} must be host and port only, for example modbus-tcp://192.168.0.30:502",
        )
    if (not host and scheme not in _HOST_MAY_LACK) or any(letter.isspace() for letter in host):
        return Text(
            ko=f"{url!r} 에 컴퓨터의 이름이나 IP 주소가 없습니다. 예: {scheme}://192.168.0.20",
            en=f"{url!r} names no computer; expected for example {scheme}://192.168.0.20",
        )
    return None
