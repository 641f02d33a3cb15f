"""Certificates: Jasang's own, made on first use, and the list of the machines' certificates that this user trusts.

Both lie in `$JASANG_HOME/opcua` (else `~/.jasang/opcua`): `own/` with the private key readable by its owner alone, and `trusted/`
with one DER file for each machine. Thumbprints are the SHA-1 ones that OPC UA tools show (OPC 10000-6 6.2.2).
"""

import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asyncua.crypto import security_policies
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from jasang.errors import ConfigurationError

POLICIES: dict[str, type[security_policies.SecurityPolicy]] = {
    "Basic256Sha256": security_policies.SecurityPolicyBasic256Sha256,
    "Aes128Sha256RsaOaep": security_policies.SecurityPolicyAes128Sha256RsaOaep,
    "Aes256Sha256RsaPss": security_policies.SecurityPolicyAes256Sha256RsaPss,
}
KEY_BITS = 2048  # all three policies take 2048 bits; many small controllers take no more
VALID_YEARS = 20  # a renewed certificate has to be trusted on every machine again


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """An application's certificate (DER or PEM file), its key and the application URI that stands in it."""

    certificate: Path
    key: Path
    uri: str
    thumbprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerCertificate:
    """A machine's certificate as a person compares it with the machine's screen; `thumbprint` is SHA-1, times are UTC."""

    der: bytes
    subject: str
    thumbprint: str
    sha256: str
    valid_from: datetime
    valid_to: datetime

    def expired(self, now: datetime) -> bool:
        """Whether the machine's certificate is past its time."""
        return now > self.valid_to


def home() -> Path:
    """Where certificates are kept."""
    stated = os.environ.get("JASANG_HOME")
    return (Path(stated).expanduser() if stated else Path.home() / ".jasang") / "opcua"


def described(der: bytes) -> ServerCertificate:
    """What a certificate says; `ValueError` for bytes that are none."""
    certificate = x509.load_der_x509_certificate(der)
    der = certificate.public_bytes(serialization.Encoding.DER)  # the first of a chain
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return ServerCertificate(
        der=der,
        subject=str(names[0].value) if names else certificate.subject.rfc4514_string(),
        thumbprint=certificate.fingerprint(hashes.SHA1()).hex().upper(),
        sha256=certificate.fingerprint(hashes.SHA256()).hex(),
        valid_from=certificate.not_valid_before_utc,
        valid_to=certificate.not_valid_after_utc,
    )


def own_identity(certificate: Path | None = None, key: Path | None = None) -> Identity:
    """The identity in the two files, or Jasang's own, which is made when there is none yet; raises `ConfigurationError`."""
    if certificate is None or key is None:
        folder = home() / "own"
        certificate, key = folder / "certificate.der", folder / "private_key.pem"
        try:
            if not (certificate.is_file() and key.is_file()):
                _make(folder, certificate, key)
        except OSError as error:
            raise ConfigurationError(
                ko=f"{folder}: 인증서를 만들 수 없습니다({error}). JASANG_HOME으로 다른 폴더를 주세요.",
                en=f"{folder}: the certificate cannot be made ({error}); name another folder with JASANG_HOME",
            ) from error
    try:
        found = load_certificate(certificate)
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    except (OSError, ValueError, x509.ExtensionNotFound) as error:
        raise ConfigurationError(
            ko=f"{certificate}: OPC UA 인증서로 읽을 수 없습니다({error}).",
            en=f"{certificate}: cannot be read as a certificate for OPC UA ({error})",
        ) from error
    if not uris:
        raise ConfigurationError(
            ko=f"{certificate}: 인증서에 애플리케이션 URI가 없습니다. OPC UA용 인증서여야 합니다.",
            en=f"{certificate}: the certificate holds no application URI; expected one made for OPC UA",
        )
    thumbprint = found.fingerprint(hashes.SHA1()).hex().upper()
    return Identity(certificate=certificate, key=key, uri=uris[0], thumbprint=thumbprint)


def load_certificate(path: Path) -> x509.Certificate:
    """A certificate from a DER or PEM file; `ValueError` when it is none."""
    content = path.read_bytes()
    if content.startswith(b"-----BEGIN"):
        return x509.load_pem_x509_certificate(content)
    return x509.load_der_x509_certificate(content)


def _make(folder: Path, certificate: Path, key: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with suppress(OSError):
        folder.chmod(0o700)
    private = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    host = socket.gethostname() or "localhost"
    uri = f"urn:{host}:jasang"
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, f"Jasang@{host}"[:64]),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Jasang"),
        ]
    )
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=True, data_encipherment=True,
        key_agreement=False, key_cert_sign=True, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks of machines are often a little behind
        .not_valid_after(now + timedelta(days=365 * VALID_YEARS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(private.public_key()), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri), x509.DNSName(host)]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=False)
        .add_extension(usage, critical=False)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
        .sign(private, hashes.SHA256())
    )
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(key, pem, 0o600)
    _write(certificate, built.public_bytes(serialization.Encoding.DER), 0o644)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Put a file in place in one step; nobody else can read a key even for a moment."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    os.replace(new, path)


def trusted() -> list[ServerCertificate]:
    """The certificates on the trust list, by subject; files that are none are passed over."""
    found = []
    for path in sorted((home() / "trusted").glob("*")):
        with suppress(OSError, ValueError):
            found.append(described(load_certificate(path).public_bytes(serialization.Encoding.DER)))
    return sorted(found, key=lambda one: (one.subject, one.sha256))


def is_trusted(der: bytes) -> bool:
    """Whether a machine's certificate is on the trust list, or was signed by one that is."""
    certificate = x509.load_der_x509_certificate(der)
    for one in trusted():
        known = x509.load_der_x509_certificate(one.der)
        if known == certificate:
            return True
        with suppress(ValueError, TypeError, InvalidSignature):
            certificate.verify_directly_issued_by(known)
            return True
    return False


def trust(certificates: Sequence[ServerCertificate]) -> None:
    """Put certificates on the trust list; raises `ConfigurationError` when the folder cannot be written."""
    folder = home() / "trusted"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for one in certificates:
            _write(folder / f"{one.sha256}.der", one.der, 0o644)
    except OSError as error:
        raise ConfigurationError(
            ko=f"{folder}: 쓸 수 없습니다: {error}", en=f"{folder}: cannot be written: {error}"
        ) from error


def forget(thumbprint: str) -> list[ServerCertificate]:
    """Take certificates with this thumbprint (SHA-1 or SHA-256, or its beginning) off the trust list; those taken off."""
    wanted = thumbprint.replace(":", "").replace(" ", "").lower()
    gone = []
    for path in sorted((home() / "trusted").glob("*")):
        with suppress(OSError, ValueError):
            one = described(load_certificate(path).public_bytes(serialization.Encoding.DER))
            if len(wanted) >= 8 and (one.thumbprint.lower().startswith(wanted) or one.sha256.startswith(wanted)):
                path.unlink()
                gone.append(one)
    return gone
