"""The error tree of the light package and the wire contract.

Named by what the caller does next, not by where the fault lies::

    JoulebookError
    ├── InvalidInput          the caller gave something we refuse; the text says what to do
    │   ├── WireError         a batch breaks the contract; `path` names the spot
    │   └── SettingsError     a setting is unknown or has a value we cannot read
    ├── ProbeError            a sensor did not answer
    │   ├── Retry             ask again at the next sample
    │   ├── Gone              normal: the device or process left
    │   └── Fatal             this device will not answer again: drop it, say why
    ├── SpoolError            the local store of unsent batches cannot be used
    ├── AgentError            an agent cannot run here
    ├── NoAgent               the agent of this host cannot be asked: measure without it
    └── ShippingError         a batch was not acknowledged
        ├── Unreachable       keep it and try later (`retry_after_s` if the server said when)
        ├── TooLarge          split it and send the halves
        └── Refused           the server will never take it: quarantine it, go on
"""


class JoulebookError(Exception):
    """Root of everything joulebook raises on purpose."""


class InvalidInput(JoulebookError, ValueError):  # noqa: N818 - named by what it is
    """The caller gave something we refuse."""


class WireError(InvalidInput):
    """A batch breaks the wire contract.

    Attributes:
        path: JSON path of the offending value, such as ``$.meters.energy_uj[3]``.
        reason: What is wrong with it.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class SettingsError(InvalidInput):
    """A setting is unknown or has a value we cannot read."""


class ProbeError(JoulebookError):
    """A sensor did not answer; the subclass says what to do next."""


class Retry(ProbeError):  # noqa: N818 - named by what the caller does
    """Ask again at the next sample."""


class Gone(ProbeError):  # noqa: N818 - named by what the caller does
    """Normal: the device or the process left."""


class Fatal(ProbeError):  # noqa: N818 - named by what the caller does
    """This device will not answer again in this process."""


class SpoolError(JoulebookError):
    """The local store of unsent batches cannot be used."""


class AgentError(JoulebookError):
    """An agent cannot run here; the text says what to do."""


class NoAgent(JoulebookError):  # noqa: N818 - named by what it is
    """The agent of this host cannot be asked: measure without it."""


class ShippingError(JoulebookError):
    """A batch was not acknowledged."""


class Unreachable(ShippingError):  # noqa: N818 - named by what the caller does
    """Keep the batch and try later.

    Attributes:
        retry_after_s: Seconds the server asked us to wait, or None.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TooLarge(ShippingError):  # noqa: N818 - named by what the caller does
    """Split the batch and send the halves under new numbers."""


class Refused(ShippingError):  # noqa: N818 - named by what the caller does
    """The server will never take this batch: quarantine it and go on."""
