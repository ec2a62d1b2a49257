"""Reads the value of each key from text. Every refusal says what is accepted."""

import math
import os
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from joulebook.core.serving_target import serving_targets
from joulebook.errors import WireError
from joulebook.settings.proxies import proxy
from joulebook.wire.records import JOB_KINDS
from joulebook.wire.rules import optional_text

_ZONE = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,6}){0,3}")
_CALLABLE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")
_MAX_WINDOW_S = 900.0  # a window is cut at every quarter hour anyway
_MIN_PERIOD_S = 0.01
_MAX_SAMPLE_S = 60.0
_MAX_SOCKET = 107  # bytes in sun_path, without the last NUL (unix(7))
_MAX_TDP_W = 100_000.0
_MAX_SPOOL_MB = 1_000_000.0
_MIN_SPOOL_DAYS, _MAX_SPOOL_DAYS = 0.01, 36_500.0  # a quarter hour; more than anyone waits
_MAX_PORT = 65_535
_MAX_PUE = 10  # a figure above is a slip: no data centre is that wasteful


def url(text: str) -> str:
    """An http or https URL without name, password, query or fragment."""
    such = "https://joulebook.example.org or http://127.0.0.1:8400"
    return _http(text, such, secrets=": the secret belongs into token").rstrip("/")


def https_url(text: str) -> str:
    """An https URL likewise: what it answers to is a secret."""
    such = "https://10.96.0.1:443"
    if not text.lower().startswith("https://"):
        raise ValueError(f"must be a URL such as {such}")
    return _http(text, such).rstrip("/")


def exporter_url(text: str) -> str:
    """An http or https URL likewise; without a path it is ``/metrics``, as for Prometheus."""
    found = _http(text, "http://127.0.0.1:9400/metrics")
    return found if urlsplit(found).path.strip("/") else found.rstrip("/") + "/metrics"


def _http(text: str, such: str, secrets: str = "") -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"must be a URL such as {such}")
    if "@" in parts.netloc:
        raise ValueError(f"must not hold a name or password{secrets}")
    if "?" in text or "#" in text:
        raise ValueError("must end after the path")
    try:
        _ = parts.port
    except ValueError:  # its own text may repeat a part of a password
        raise ValueError("must name a port by its number") from None
    return text


def secret(text: str) -> str:
    """Text that fits into an HTTP header; the message never repeats it."""
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("must be printable ASCII without spaces")
    return text


def zone(text: str) -> str:
    """An ISO 3166 code, country or subdivision."""
    code = text.strip().upper()
    if not _ZONE.fullmatch(code):
        raise ValueError("must be an ISO 3166 code such as FR or US-CA")
    return code


def pue(text: str) -> str:
    """A decimal from 1, since a building saves no energy its machines used, to 10."""
    try:
        figure = Decimal(text.strip())
    except InvalidOperation:
        figure = Decimal("NaN")
    if not figure.is_finite() or not 1 <= figure <= _MAX_PUE:
        raise ValueError("must be a decimal from 1 to 10, such as 1.2")
    return text.strip()


def probes(text: str) -> tuple[str, ...]:
    """Names of callables, separated by commas."""
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    for name in names:
        if not _CALLABLE.fullmatch(name):
            raise ValueError("must name callables, such as my_package.my_module:MyProbe")
    return names


def path(text: str) -> Path:
    """A path; ``~`` is the home folder, and it does not move when the job changes folder."""
    if "\0" in text:
        raise ValueError("must not hold a NUL character")
    try:
        return Path(text).expanduser().absolute()
    except (RuntimeError, OSError):
        raise ValueError("names a home or current folder that does not exist") from None


def socket_path(text: str) -> Path | None:
    """A path that the kernel takes for a socket; None for ``none``."""
    if text.strip().lower() == "none":
        return None
    found = path(text)
    if len(os.fsencode(found)) > _MAX_SOCKET:
        raise ValueError(f"must be at most {_MAX_SOCKET} bytes long, or none")
    return found


def label(text: str) -> str:
    """A text that the wire can carry, and that says something."""
    if not text.strip():
        raise ValueError("must not be blank")
    try:
        optional_text("label", text)
    except WireError as error:
        raise ValueError(error.reason) from None
    return text


def kind(text: str) -> str:
    """One of the kinds of job."""
    if text not in JOB_KINDS:
        raise ValueError(f"must be one of {', '.join(JOB_KINDS)}")
    return text


def listen(text: str) -> str | None:
    """An IP address and a port, such as ``127.0.0.1:9807``; None for ``none``.

    A name is refused: nothing is to be looked up.
    """
    if text.strip().lower() == "none":
        return None
    host, _, port = text.strip().rpartition(":")
    number = int(port) if port.isascii() and port.isdigit() else -1
    if not 0 <= number <= _MAX_PORT or not _is_ip(host.removeprefix("[").removesuffix("]")):
        raise ValueError("must be an IP address and a port, such as 127.0.0.1:9807")
    return text.strip()


def _is_ip(text: str) -> bool:
    import ipaddress  # noqa: PLC0415 - only where a page is set: it slows the import of us

    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def log_format(text: str) -> str:
    """One of the forms of a log line."""
    if text not in ("text", "json"):
        raise ValueError("must be text or json")
    return text


def switch(text: str) -> bool:
    """``true`` or ``false``."""
    known = {"true": True, "false": False}
    found = known.get(text.strip().lower())
    if found is None:
        raise ValueError("must be true or false")
    return found


def between(least: float, most: float) -> Callable[[str], float]:
    """A reader of numbers within bounds, both included."""

    def read(text: str) -> float:
        try:
            figure = float(text)
        except ValueError:
            figure = math.nan
        if not least <= figure <= most:  # NaN lies nowhere
            raise ValueError(f"must be a number between {least:g} and {most:g}")
        return figure

    return read


SETTING_READERS: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {
        "server": url,
        "token": secret,
        "proxy": proxy,
        "ca_file": path,
        "zone": zone,
        "pue": pue,
        "state_dir": path,
        "spool_max_mb": between(1.0, _MAX_SPOOL_MB),
        "spool_max_days": between(_MIN_SPOOL_DAYS, _MAX_SPOOL_DAYS),
        "window_s": between(_MIN_PERIOD_S, _MAX_WINDOW_S),
        "sample_s": between(_MIN_PERIOD_S, _MAX_SAMPLE_S),
        "agent_socket": socket_path,
        "cpu_tdp_w": between(1.0, _MAX_TDP_W),
        "exporter_url": exporter_url,
        "probes": probes,
        "discover": switch,
        "slurm_cluster": label,
        "slurm_gpu_dir": path,
        "metrics_listen": listen,
        "metrics_jobs": lambda text: int(between(1, 100_000)(text)),
        "log_format": log_format,
        "kubelet_socket": socket_path,
        "kubernetes_api": https_url,
        "kubernetes_cluster": label,
        "node_name": label,
        "podinfo_dir": path,
        "serving_url": serving_targets,
        "sysfs_root": path,
        "procfs_root": path,
        "cgroupfs_root": path,
    }
)

LABEL_READERS: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {
        "model": label,
        "variant": label,
        "project": label,
        "kind": kind,
        "job_id": label,
        "parent": label,
    }
)

READERS: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {**SETTING_READERS, **LABEL_READERS}
)
