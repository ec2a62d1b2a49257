"""The form of log lines: for people, for journald, for machines."""

import json
import logging
import math
from typing import Any

from joulebook.core.units import US_PER_S
from joulebook.wire import format_time

#: What a record holds anyway; everything else came by `extra=`.
_OWN = frozenset(
    [*vars(logging.LogRecord("", 0, "", 0, "", None, None)), "message", "asctime", "taskName"]
)
#: syslog's priorities, as journald reads them at the start of a line (sd-daemon(3)).
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG = 7


class TextFormatter(logging.Formatter):
    """The message, and behind it the fields as ``key=value``.

    Args:
        journal: Whether journald reads the lines: then each begins with its priority.
    """

    def __init__(self, *, journal: bool = False) -> None:
        super().__init__()
        self._journal = journal

    def format(self, record: logging.LogRecord) -> str:
        """One record, of one line or more."""
        fields = "".join(f" {key}={value}" for key, value in fields_of(record).items())
        head, newline, rest = super().format(record).partition("\n")
        text = f"{head}{fields}{newline}{rest}"
        if not self._journal:
            return text
        prefix = f"<{priority(record.levelno)}>"
        return "\n".join(prefix + line for line in text.splitlines() or [""])


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, fields, and `error` with a trace."""

    def format(self, record: logging.LogRecord) -> str:
        """One record, always of one line."""
        told: dict[str, Any] = {
            "time": format_time(int(record.created * US_PER_S)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        # A field never hides what every line has.
        fields = {key: _value(value) for key, value in fields_of(record).items()}
        return json.dumps({**fields, **told}, default=str)


def formatter(form: str, *, journal: bool) -> logging.Formatter:
    """The formatter of a `log_format`.

    Args:
        form: ``text`` or ``json``.
        journal: Whether the lines go to journald.
    """
    return JsonFormatter() if form == "json" else TextFormatter(journal=journal)


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """What the caller gave by `extra=`."""
    return {key: value for key, value in vars(record).items() if key not in _OWN}


def priority(level: int) -> int:
    """Priority of a level for syslog: 2 (critical) to 7 (debug)."""
    return next((number for least, number in _PRIORITIES if level >= least), _DEBUG)


def _value(value: object) -> object:
    """JSON knows no NaN and no infinity."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
