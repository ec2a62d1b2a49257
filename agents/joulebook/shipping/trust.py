"""Whether a server is who it says: TLS, and what to do where a certificate is not accepted."""

import ssl
from pathlib import Path

from joulebook.errors import Unreachable

# Codes of OpenSSL, as in x509_vfy.h.
_NOT_YET_VALID, _EXPIRED = 9, 10
_NOBODY_KNOWN = (18, 19, 20, 21)
_OTHER_NAME = (62, 64)
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL")


def context_of(ca_file: Path | None) -> ssl.SSLContext:
    """Checks certificate and host name, always.

    Args:
        ca_file: PEM certificates that are trusted in place of the system's; None: the system's.

    Raises:
        Unreachable: The file cannot be read or holds no certificate. Nothing is sent then:
            whoever names a file does not want anybody else's word.
    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError as error:
        raise Unreachable(
            f"{ca_file} holds no certificate that can be read; set ca_file (JOULEBOOK_CA_FILE) "
            "to a PEM file, which has lines BEGIN CERTIFICATE"
        ) from error
    except OSError as error:
        raise Unreachable(
            f"cannot read the certificates in {ca_file}: {error.strerror}; set ca_file "
            "(JOULEBOOK_CA_FILE) to a PEM file that can be read"
        ) from error


def words_of(error: ssl.SSLError) -> str:
    """What went wrong with TLS, and what to do."""
    if isinstance(error, ssl.SSLCertVerificationError):
        said = error.verify_message.rstrip(".")
        return f"its certificate is not accepted ({said}); {_cure(error.verify_code)}"
    if isinstance(error, ssl.SSLEOFError):
        return "it hung up"
    if error.reason in _NO_TLS:
        return "no TLS is spoken there; should server begin with http:// ?"
    return error.reason or str(error)


def _cure(code: int) -> str:
    if code in _NOBODY_KNOWN:
        return (
            "set ca_file (JOULEBOOK_CA_FILE) to the PEM certificate of the authority that signed it"
        )
    if code in _OTHER_NAME:
        return "set server (JOULEBOOK_SERVER) to a name that it was made for"
    if code in (_EXPIRED, _NOT_YET_VALID):
        return "renew it, or set this machine's clock if that is wrong"
    return "have it replaced"
