"""What a connection to an MQTT broker needs to know, for plain MQTT and for Sparkplug: version, identity, TLS."""

import ssl
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field

from jasang.connect.contract import Link, Options, WrongField

SCHEMES = ("mqtt", "mqtts")
_PORTS = {"mqtt": 1883, "mqtts": 8883}


class BrokerOptions(Options):
    """Fields both MQTT protocols share. `keep_alive` in s; files are relative to collect.toml.

    `client_id` defaults to one made from the connection's name and folder, which stays the same from run to run.
    """

    version: Literal["3.1.1", "5"] = "5"
    client_id: Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f]+$")] | None = None
    keep_alive: Annotated[int, Field(ge=1, le=65_535)] = 30
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    key_password_env: str | None = None


def broker_options(link: Link) -> BrokerOptions:
    """The link's options as far as they concern the broker; the defaults where it has none."""
    return link.options if isinstance(link.options, BrokerOptions) else BrokerOptions()


def host_and_port(link: Link) -> tuple[str, int]:
    """Where the broker is; `WrongField` for a url that does not say so."""
    try:
        parts = urlsplit(link.url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise WrongField("url", f"{link.url!r} 은(는) 읽을 수 없는 주소입니다", f"cannot be read: {error}") from error
    if not host or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise WrongField(
            "url",
            f"{link.url!r} 에는 서버 이름과 포트만 씁니다. 예: mqtt://192.168.0.10:1883. 토픽은 topic 항목에 쓰세요",
            f"{link.url!r} must be host and port only, for example mqtt://192.168.0.10:1883; topics are fields of their own",
        )
    return host, port or _PORTS[parts.scheme]


def tls_context(link: Link) -> ssl.SSLContext | None:
    """The TLS settings of an `mqtts` url, `None` for `mqtt`; `WrongField` where a file cannot be used."""
    options = broker_options(link)
    files = ("ca_file", "certificate_file", "key_file")
    if not link.url.startswith("mqtts:"):
        for name in files:
            if getattr(options, name) is not None:
                raise WrongField(
                    name,
                    "mqtts:// 로 시작하는 주소에서만 씁니다",
                    "belongs to an encrypted connection; url must begin with mqtts://",
                )
        return None
    if options.key_file is not None and options.certificate_file is None:
        raise WrongField("certificate_file", "key_file이 있으면 인증서 파일도 있어야 합니다", "is needed with key_file")
    context = ssl.create_default_context()
    if options.ca_file is not None:
        path = _file(link, "ca_file", options.ca_file)
        try:
            context.load_verify_locations(cafile=path)
        except (ssl.SSLError, OSError) as error:
            raise _unusable("ca_file", path, error) from error
    if options.certificate_file is not None:
        _load_own(context, link, options, options.certificate_file)
    return context


def _load_own(context: ssl.SSLContext, link: Link, options: BrokerOptions, certificate_file: str) -> None:
    certificate = _file(link, "certificate_file", certificate_file)
    key = _file(link, "key_file", options.key_file) if options.key_file is not None else None
    # Without a password of its own, a locked key would ask at the terminal.
    password = link.secrets.get("key_password_env", "")
    try:
        context.load_cert_chain(certificate, key, password=password)
    except (ssl.SSLError, OSError) as error:
        locked = "key_file" if key is not None else "certificate_file"
        raise _unusable(locked, key or certificate, error) from error


def _file(link: Link, field: str, name: str) -> Path:
    path = link.folder / name
    if not path.is_file():
        raise WrongField(field, f"파일 {str(path)!r} 이(가) 없습니다", f"there is no file {str(path)!r}")
    return path


def _unusable(field: str, path: Path, error: Exception) -> WrongField:
    reason = getattr(error, "reason", None) or str(error)
    return WrongField(
        field,
        f"{str(path)!r} 을(를) PEM 파일로 읽을 수 없습니다({reason}). 암호와 짝을 확인하세요",
        f"{str(path)!r} cannot be used ({reason}); expected PEM, a key that fits the certificate, and key_password_env if locked",
    )
