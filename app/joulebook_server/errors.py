"""The error tree of the server.

::

ServerError
├── CannotStart      one clear line on standard error, exit code 1
│   └── StoreError   the database cannot be used as it is
└── Problem          an answer of the API: status, title, detail (RFC 9457)
"""


class ServerError(Exception):
    """Root of everything the server raises on purpose."""


class CannotStart(ServerError):  # noqa: N818 - named by what it means
    """The server cannot start; the text says why and what to do."""


class StoreError(CannotStart):
    """The database cannot be used as it is."""


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
