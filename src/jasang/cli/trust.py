"""`jasang connect trust [URL]`: the trust list of OPC UA servers' certificates; part of `jasang connect`."""

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from jasang.cli.arguments import say
from jasang.errors import Language
from jasang.mentor.trust import Known, forget_certificates, own_certificate, trust_machine, trusted_certificates
from jasang.plant.text import Text

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_trust(kinds: "_SubParsersAction[Any]") -> None:
    """Add `trust` below `jasang connect`."""
    words = Text(ko="OPC UA 서버의 인증서를 신뢰 목록에 넣습니다", en="trust the certificate of an OPC UA server")
    parser = kinds.add_parser("trust", help=say(words))
    parser.add_argument(
        "url", nargs="?", metavar="URL", help=say(Text(ko="없으면 목록을 보여 줍니다", en="none: show the list"))
    )
    parser.add_argument(
        "--thumbprint", metavar="HEX",
        help=say(Text(ko="이 지문일 때만 신뢰합니다", en="trust only a certificate with this thumbprint")),
    )  # fmt: skip
    parser.add_argument(
        "--forget", metavar="HEX", help=say(Text(ko="이 지문을 목록에서 뺍니다", en="take it off the list"))
    )
    parser.add_argument("--timeout", type=float, default=5.0, metavar="SECONDS")


def run_trust(arguments: argparse.Namespace, language: Language) -> int:
    """Trust, forget or list."""
    if arguments.forget is not None:
        changed, title = forget_certificates(arguments.forget), Text(ko="목록에서 뺐습니다", en="no longer trusted")
    elif arguments.url is not None:
        changed = trust_machine(arguments.url, thumbprint=arguments.thumbprint, timeout=arguments.timeout)
        title = Text(ko="이제 신뢰합니다", en="trusted from now on")
    else:
        changed, title = trusted_certificates(), Text(ko="신뢰하는 인증서", en="trusted certificates")
    own = own_certificate()
    if arguments.json:
        found = {
            "format": "jasang.connect.trust/1",
            "own": {"file": str(own.file), "thumbprint": own.thumbprint, "uri": own.uri},
            "certificates": [_as_json(one) for one in changed],
        }
        sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=1) + "\n")
        return 0
    sys.stdout.write(f"{title.in_language(language)}: {len(changed)}\n")
    expired = Text(ko=" (기간이 끝남)", en=" (expired)").in_language(language)
    for one in changed:
        until = f"{one.valid_from:%Y-%m-%d} … {one.valid_to:%Y-%m-%d}{expired if one.expired else ''}"
        sys.stdout.write(f"  {one.thumbprint}  {one.subject}  {until}\n")
    if arguments.url is not None:
        compare = Text(
            ko="지문이 기계 화면의 것과 같은지 꼭 확인하세요. 다르면: jasang connect trust --forget 지문",
            en="compare the thumbprint with the machine's screen; if it differs: jasang connect trust --forget THUMBPRINT",
        )
        sys.stdout.write(f"{compare.in_language(language)}\n")
    mine = Text(ko="자상의 인증서(기계의 신뢰 목록에 넣을 것)", en="Jasang's own certificate, for the machine to trust")
    sys.stdout.write(f"{mine.in_language(language)}: {own.file}\n  {own.thumbprint}  {own.uri}\n")
    return 0


def _as_json(one: Known) -> dict[str, Any]:
    return {
        "subject": one.subject,
        "thumbprint": one.thumbprint,
        "sha256": one.sha256,
        "valid_from": one.valid_from.isoformat(),
        "valid_to": one.valid_to.isoformat(),
        "expired": one.expired,
    }
