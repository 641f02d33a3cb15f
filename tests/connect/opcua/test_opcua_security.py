"""Signed and encrypted connections: Jasang's own certificate, the trust list, and logging in with a certificate."""

import asyncio
import contextlib
import json
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from asyncua import Server, ua
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.user_managers import UserManager
from tests.connect.opcua.machine import URI
from tests.connect.protocol_inbox import collecting
from tests.free_ports import free_port

from jasang.connect.contract import Link, WantedSignal
from jasang.connect.protocols.opcua import OpcUa, OpcUaOptions
from jasang.connect.protocols.opcua.security import forget, own_identity, trust
from jasang.connect.protocols.opcua.session import server_certificates
from jasang.errors import ConfigurationError, ConnectionFailed
from jasang.mentor.trust import trust_machine

T = ua.SecurityPolicyType
ALL = [
    T.Basic256Sha256_Sign, T.Basic256Sha256_SignAndEncrypt, T.Aes128Sha256RsaOaep_Sign,
    T.Aes128Sha256RsaOaep_SignAndEncrypt, T.Aes256Sha256RsaPss_Sign, T.Aes256Sha256RsaPss_SignAndEncrypt,
]  # fmt: skip


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JASANG_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A machine's certificate and key."""
    folder = tmp_path_factory.mktemp("machine")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("JASANG_HOME", str(folder))
        made = own_identity()
    return made.certificate, made.key


@contextlib.asynccontextmanager
async def secured(
    port: int, certificate: tuple[Path, Path], users: UserManager | None = None, policies: list[T] | None = None
) -> AsyncIterator[None]:
    server = Server(user_manager=users)
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}")
    server.set_security_policy(policies or ALL)
    await server.load_certificate(str(certificate[0]))
    await server.load_private_key(certificate[1])
    namespace = await server.register_namespace(URI)
    await server.nodes.objects.add_variable(ua.NodeId("Machine.x", namespace), "x", 4.5)
    async with server:
        yield


def link(port: int, **options: object) -> Link:
    signal = WantedSignal(name="M.x", asset="M", address=f"nsu={URI};s=Machine.x")
    found = OpcUaOptions(publishing_interval=0.05, **options)
    return Link(
        name="press", protocol="opcua", url=f"opc.tcp://127.0.0.1:{port}", asset="M", signals=(signal,), options=found
    )


def test_own_certificate_is_made_once_and_its_key_is_for_the_owner_alone(home: Path) -> None:
    first, second = own_identity(), own_identity()

    assert first == second
    assert stat.S_IMODE(first.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(first.key.parent.stat().st_mode) == 0o700
    assert first.uri.endswith(":jasang")


@pytest.mark.parametrize("policy", ["Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"])
@pytest.mark.parametrize("mode", ["Sign", "SignAndEncrypt"])
def test_readings_come_over_every_policy_and_mode(certificate: tuple[Path, Path], policy: str, mode: str) -> None:
    port = free_port()

    async def run() -> list[object]:
        async with secured(port, certificate):
            wanted = link(port, security_policy=policy, security_mode=mode)
            trust(await server_certificates(wanted))
            return (await collecting(OpcUa(), wanted, lambda kept: bool(kept.readings))).values("M.x")

    assert asyncio.run(run()) == [4.5]


def test_unknown_certificate_is_refused_with_the_step_that_helps_until_it_is_trusted(
    certificate: tuple[Path, Path],
) -> None:
    port = free_port()
    wanted = link(port, security_policy="Basic256Sha256")

    async def run() -> None:
        async with secured(port, certificate):
            with pytest.raises(
                ConnectionFailed, match=r"certificate not trusted: .*run 'jasang connect trust opc"
            ) as no:
                await OpcUa().browse(wanted)
            assert no.value.permanent is True
            with pytest.raises(ConfigurationError, match="another thumbprint"):
                await asyncio.to_thread(trust_machine, wanted.url, thumbprint="00" * 20)
            words = ["-m", "jasang.cli.main", "connect", "trust", wanted.url, "--json", "--lang", "en"]
            command = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=asyncio.subprocess.PIPE)
            told = json.loads((await command.communicate())[0])
            assert len(await OpcUa().browse(wanted)) == 1
            assert told["format"] == "jasang.connect.trust/1"
            forget(told["certificates"][0]["thumbprint"])
            with pytest.raises(ConnectionFailed, match="not trusted"):
                await OpcUa().browse(wanted)

    asyncio.run(run())


def test_a_policy_that_the_server_does_not_offer_is_answered_with_those_it_does(certificate: tuple[Path, Path]) -> None:
    port = free_port()

    async def run() -> None:
        async with secured(port, certificate, policies=[T.Aes128Sha256RsaOaep_Sign]):
            for wanted, asked in (
                (link(port), "None"),
                (link(port, security_policy="Basic256Sha256"), r"Basic256Sha256 \(SignAndEncrypt\)"),
            ):
                said = rf"does not offer security {asked}; it offers Aes128Sha256RsaOaep \(Sign\);"
                with pytest.raises(ConnectionFailed, match=said):
                    await OpcUa().browse(wanted)

    asyncio.run(run())


def test_a_user_logs_in_with_a_certificate(
    certificate: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    with monkeypatch.context() as patched:
        patched.setenv("JASANG_HOME", str(tmp_path / "user"))
        user = own_identity()

    class Known(UserManager):
        def get_user(self, iserver, username=None, password=None, certificate=None):  # type: ignore[no-untyped-def]
            return User(role=UserRole.User) if certificate == user.certificate.read_bytes() else None

    async def run(**login: object) -> None:
        async with secured(port, certificate, Known()):
            wanted = link(port, security_policy="Basic256Sha256", **login)
            trust(await server_certificates(wanted))
            assert [one.path for one in await OpcUa().browse(wanted)] == ["x"]

    asyncio.run(run(user_certificate=str(user.certificate), user_key=str(user.key)))
    with pytest.raises(ConnectionFailed):
        asyncio.run(run())
