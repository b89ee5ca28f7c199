"""Certificates of the city's own authority: made, asked for, signed, read. Touches no file, no socket and no store, and
decides nothing about who may have one (hub.authority).

    authority (P-256, 20 years, signs servers and no further authority)
      └── server's certificate (P-256, one year, for the names and addresses in it; a third of its life before its end it is renewed)

P-256 because browsers read these too, and they take no Ed25519.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key: TypeAlias = ec.EllipticCurvePrivateKey

AUTHORITY_LIFE: Final = timedelta(days=20 * 365)
SERVER_LIFE: Final = timedelta(days=365)
SLACK: Final = timedelta(days=2)  # clocks of laptops that are behind
MOST_NAMES: Final = 20
LARGEST: Final = 16 * 1024  # characters of a request or a certificate
LOOPBACK: Final = ("localhost", "127.0.0.1")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_SHA = hashes.SHA256()


class BadName(ValueError):
    """What should be certified is neither a host name nor an address."""


def new_key() -> Key:
    """A key, drawn by OpenSSL."""
    return ec.generate_private_key(ec.SECP256R1())


def write_key(key: Key, password: bytes = b"") -> str:
    """The key in PEM, under a password if there is one."""
    form: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        form = serialization.BestAvailableEncryption(password)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, form).decode()


def read_key(pem: str) -> Key:
    """The key of a PEM that `write_key` wrote without a password; ValueError."""
    key = serialization.load_pem_private_key(pem.encode(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("not a key of ours")
    return key


def normal_name(text: str) -> str:
    """A host name or an address as certificates write it; BadName for what is neither."""
    text = text.strip().strip("[]").rstrip(".").lower()
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        labels = text.split(".")
        if len(text) <= 253 and not labels[-1].isdecimal() and all(map(_LABEL.fullmatch, labels)):
            return text
        raise BadName(f"“{text[:80]}” is neither a host name nor an address") from None


def make_authority(key: Key, name: str, now: datetime) -> str:
    """The certificate of an authority, signed by itself, in PEM."""
    subject = _called(name)
    usage = _usage(key_cert_sign=True, crl_sign=True)
    builder = (
        _begun(subject, key.public_key(), now, AUTHORITY_LIFE)
        .issuer_name(subject)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
    )
    return _pem(builder.sign(key, _SHA))


def make_request(key: Key, names: Iterable[str]) -> str:
    """A request for a certificate of these names, signed with the key that it is to be for."""
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(_alternatives(names), critical=True)
    return builder.sign(key, _SHA).public_bytes(serialization.Encoding.PEM).decode()


def names_asked(request: str) -> tuple[str, ...]:
    """The names in a request; ValueError for one that is none, is not signed by its own key, or asks for more than names."""
    found = _request(request)
    names = _names(found)
    if not 0 < len(names) <= MOST_NAMES or len(set(names)) != len(names):
        raise ValueError(f"a request names 1 to {MOST_NAMES} hosts or addresses")
    return names


def sign(authority: Key, authority_pem: str, request: str, name: str, now: datetime) -> str:
    """The certificate for a request, in PEM; `name` is who it belongs to. Only the key and the names are taken from it."""
    asked, issuer = _request(request), _read(authority_pem)
    public = asked.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    life = min(SERVER_LIFE, issuer.not_valid_after_utc - now)
    builder = (
        _begun(_called(name), public, now, life)
        .issuer_name(issuer.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_alternatives(names_asked(request)), critical=False)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), critical=False
        )
    )
    return _pem(builder.sign(authority, _SHA))


def check(pem: str, key: Key, authorities: Iterable[str], now: datetime) -> None:
    """That a certificate is for this key, in force, and signed by one of these authorities; ValueError says what is not."""
    found = _read(pem)
    if found.public_key() != key.public_key():
        raise ValueError("the certificate is for another key")
    if not _is_in_force(found, now):
        raise ValueError("the certificate is not in force at this computer's time")
    for each in authorities:
        try:
            found.verify_directly_issued_by(_read(each))
        except (ValueError, TypeError, InvalidSignature):
            continue
        return
    raise ValueError("the certificate is not signed by the city's authority")


@lru_cache(maxsize=8)
def names_of(pem: str) -> tuple[str, ...]:
    """The names and addresses a certificate is for."""
    return _names(_read(pem))


def end_of(pem: str) -> datetime:
    """When a certificate ends."""
    return _read(pem).not_valid_after_utc


def is_due(pem: str, now: datetime) -> bool:
    """Whether less than a third of a certificate's life is left."""
    found = _read(pem)
    life = found.not_valid_after_utc - found.not_valid_before_utc
    return found.not_valid_after_utc - now < life / 3


def is_in_force(der: bytes, now: datetime) -> bool:
    """Whether a certificate, as a handshake brings it, is in force at that time."""
    return _is_in_force(x509.load_der_x509_certificate(der), now)


def is_authority(pem: object) -> bool:
    """Whether this is the certificate of an authority, in PEM."""
    if type(pem) is not str or len(pem) > LARGEST:
        return False
    try:
        return bool(_read(pem).extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except (ValueError, x509.ExtensionNotFound):
        return False


def fingerprint(pem: str) -> str:
    """SHA-256 of a certificate, as programs and browsers show it."""
    return ":".join(f"{byte:02X}" for byte in _read(pem).fingerprint(_SHA))


def _begun(
    subject: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SLACK)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _called(name: str) -> x509.Name:
    return x509.Name([
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "bianmin"),
        x509.NameAttribute(NameOID.COMMON_NAME, name),
    ])  # fmt: skip


def _usage(**on: bool) -> x509.KeyUsage:
    off = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
         "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    return x509.KeyUsage(**{**off, **on})


def _alternatives(names: Iterable[str]) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([_alternative(normal_name(name)) for name in names])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _names(found: x509.Certificate | x509.CertificateSigningRequest) -> tuple[str, ...]:
    try:
        said = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    names = []
    for each in said:
        if not isinstance(each, (x509.DNSName, x509.IPAddress)):
            raise ValueError("only host names and addresses can be certified")
        names.append(normal_name(str(each.value)))
    return tuple(names)


def _request(pem: str) -> x509.CertificateSigningRequest:
    if len(pem) > LARGEST:
        raise ValueError("the request is too large")
    found = x509.load_pem_x509_csr(pem.encode())
    key = found.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("the request's key is not of the curve P-256")
    if not found.is_signature_valid:
        raise ValueError("the request is not signed by its own key")
    return found


def _is_in_force(found: x509.Certificate, now: datetime) -> bool:
    return found.not_valid_before_utc <= now < found.not_valid_after_utc


def _read(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
