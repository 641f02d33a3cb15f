"""The fields of an OPC UA connection in collect.toml."""

from typing import Annotated, Literal

from pydantic import Field

from jasang.connect.contract import Link, Options, WrongField

Policy = Literal["None", "Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"]
Mode = Literal["Sign", "SignAndEncrypt"]
PathText = Annotated[str, Field(min_length=1, max_length=4000)]


class OpcUaOptions(Options):
    """Fields of an OPC UA connection: intervals in s; `queue_size` changes of one signal are kept between two messages.

    With a `security_policy` the connection is signed, or signed and encrypted (`security_mode`), with Jasang's own certificate
    or the one in `certificate` and `private_key`. `user_certificate` and `user_key` log a user in without a password.
    `history_hours` is how far back the machine's own history is read after a lost connection; `events` keeps its events of
    `event_severity` (1 … 1000) and above.
    """

    publishing_interval: Annotated[float, Field(strict=False, ge=0.01, le=3600.0)] = 0.5
    sampling_interval: Annotated[float, Field(strict=False, ge=0.0, le=3600.0)] = 0.1
    queue_size: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    security_policy: Policy = "None"
    security_mode: Mode | None = None
    certificate: PathText | None = None
    private_key: PathText | None = None
    user_certificate: PathText | None = None
    user_key: PathText | None = None
    history_hours: Annotated[float, Field(strict=False, ge=0.0, le=100_000.0)] = 168.0
    events: bool = False
    event_severity: Annotated[int, Field(ge=1, le=1000)] = 1
    arrays: Literal["elements", "text"] = "elements"
    enumerations: Literal["names", "numbers"] = "names"


class OpcUaSignalOptions(Options):
    """Fields of one signal: `sampling_interval` in s, where it differs from the connection's."""

    sampling_interval: Annotated[float, Field(strict=False, ge=0.0, le=3600.0)] | None = None


def options_of(link: Link) -> OpcUaOptions:
    """The options of a link, the defaults where it has none."""
    found: OpcUaOptions = link.options or OpcUaOptions()
    return found


def check_options(link: Link) -> None:
    """`WrongField` where fields do not go together or name a file that is not there."""
    options = options_of(link)
    if options.security_policy == "None":
        for name in ("security_mode", "certificate", "private_key"):
            if getattr(options, name) is not None:
                raise WrongField(
                    name,
                    'security_policy도 적어야 합니다. 예: security_policy = "Basic256Sha256"',
                    'needs a security policy as well, for example security_policy = "Basic256Sha256"',
                )
    for one, other in (("certificate", "private_key"), ("user_certificate", "user_key")):
        for given, absent in ((one, other), (other, one)):
            if getattr(options, given) is not None and getattr(options, absent) is None:
                raise WrongField(absent, f"{given}이(가) 있으면 {absent}도 있어야 합니다", f"is needed with {given}")
    if options.user_certificate is not None and link.username is not None:
        raise WrongField(
            "username",
            "인증서로 로그인할 때는 username을 쓰지 않습니다. 둘 중 하나만 적으세요",
            "cannot be used together with user_certificate; choose one",
        )
    for name in ("certificate", "private_key", "user_certificate", "user_key"):
        path = getattr(options, name)
        if path is not None and not (link.folder / path).is_file():
            raise WrongField(name, f"파일 {path!r} 이(가) 없습니다", f"there is no file {path!r}")
