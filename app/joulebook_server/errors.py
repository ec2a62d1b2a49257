"""The error tree of the server.

::

ServerError
├── CannotStart      one clear line on standard error, exit code 1
│   └── StoreError   the database cannot be used as it is
├── Unavailable      the database cannot be used just now; 503
└── Problem          an answer of the API: status, title, detail (RFC 9457)
"""


class ServerError(Exception):
    """Root of everything the server raises on purpose."""


class CannotStart(ServerError):  # noqa: N818 - named by what it means
    """The server cannot start; the text says why and what to do."""


class StoreError(CannotStart):
    """The database cannot be used as it is."""


class Unavailable(ServerError):  # noqa: N818 - named by what it means
    """The database cannot be used just now: busy, full, read-only or out of reach.

    Attributes:
        reason: What the database said.
        advice: What to do.
        retry_after_s: When it is worth asking again, s.
    """

    def __init__(self, reason: str, advice: str, retry_after_s: int) -> None:
        super().__init__(f"the database cannot be used now ({reason}): {advice}")
        self.reason = reason
        self.advice = advice
        self.retry_after_s = retry_after_s


class Problem(ServerError):  # noqa: N818 - the standard's word
    """A refused request.

    Attributes:
        status: HTTP status.
        title: What kind of problem it is, the same for all of its kind.
        detail: What is wrong with this request, and what to do.
        path: JSON path or parameter name of the offending value, if there is one.
    """

    def __init__(self, status: int, title: str, detail: str, path: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.path = path
