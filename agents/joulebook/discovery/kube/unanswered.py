"""A question to the cluster that got no answer."""

from joulebook.errors import JoulebookError


class Unanswered(JoulebookError):  # noqa: N818 - named by what it is
    """Kubelet or API server gave nothing that can be used; the text says what to do."""


class Denied(Unanswered):
    """The API server answered, and not with what was asked for.

    Attributes:
        status: HTTP status.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status
