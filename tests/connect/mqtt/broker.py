"""Debian's mosquitto as the broker of a test: found or installed, on a free port of 127.0.0.1, with TLS and passwords."""

import datetime
import ipaddress
import socket
import subprocess
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.debian import program
from tests.free_ports import free_port


class Broker:
    """One mosquitto; `lines` are more lines of its configuration. Its persistent sessions survive `stop` and `start`."""

    def __init__(self, folder: Path, *lines: str, port: int | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = port or free_port()
        self._log = folder / "broker.log"
        self._settings = folder / "mosquitto.conf"
        has_users = any(line.startswith("allow_anonymous") for line in lines)
        self._settings.write_text(
            "\n".join(
                [
                    f"listener {self.port} 127.0.0.1",
                    *([] if has_users else ["allow_anonymous true"]),
                    "persistence true",
                    f"persistence_location {folder}/",
                    f"log_dest file {self._log}",
                    "log_type all",
                    "user root",
                    *lines,
                    "",
                ]
            ),
            encoding="utf-8",
        )
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._process = subprocess.Popen(
            [program("mosquitto"), "-c", str(self._settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + 60
        while True:
            assert self._process.poll() is None, self.log()
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert time.monotonic() < end, self.log()
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
            self._process = None

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    def publish(self, topic: str, message: str | bytes, *words: str, qos: int = 1) -> None:
        """One message by mosquitto_pub."""
        data = message if isinstance(message, bytes) else message.encode()
        subprocess.run(
            [
                program("mosquitto_pub"),
                "-p",
                str(self.port),
                "-h",
                "127.0.0.1",
                "-t",
                topic,
                "-q",
                str(qos),
                "-s",
                *words,
            ],
            input=data,
            check=True,
            timeout=60,
        )

    def publish_lines(self, topic: str, lines: list[str]) -> None:
        """One message a line, by one mosquitto_pub, QoS 1."""
        subprocess.run(
            [program("mosquitto_pub"), "-p", str(self.port), "-h", "127.0.0.1", "-t", topic, "-q", "1", "-l"],
            input="".join(line + "\n" for line in lines).encode(),
            check=True,
            timeout=60,
        )


class Authority:
    """A certificate authority of one test, and what it issues, as PEM files."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"test {name}")])
        self.file = self._write(f"{name}.pem", self._issue(self._name, self._key, days=30, hosts=(), authority=True))

    def certificate(self, name: str, *, hosts: tuple[str, ...] = ("127.0.0.1",), days: int = 30) -> tuple[Path, Path]:
        """Certificate and key; one with negative `days` has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._write(f"{name}.pem", self._issue(subject, key, days=days, hosts=hosts))
        own = self._folder / f"{name}.key"
        own.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate, own

    def _issue(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        *,
        days: int,
        hosts: tuple[str, ...],
        authority: bool = False,
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=60))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if authority:
            usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
            builder = builder.add_extension(usage, critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        own = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(own, critical=False)
        if hosts:
            names = [x509.IPAddress(ipaddress.ip_address(h)) if h[0].isdigit() else x509.DNSName(h) for h in hosts]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def _write(self, name: str, certificate: x509.Certificate) -> Path:
        path = self._folder / name
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return path
