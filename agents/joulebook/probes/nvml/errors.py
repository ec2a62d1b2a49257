"""What the driver's error codes mean for the caller."""

from joulebook.errors import Fatal, Gone, ProbeError, Retry


class NoDriver(Gone):
    """This machine has no NVIDIA driver, or its kernel module is not loaded."""


class Unsupported(Fatal):
    """This device or driver does not know the question."""


class NotStarted(Retry):
    """Other code in this process shut the library down: `Library.start` it again."""


class NoSamples(Retry):
    """There was nothing to tell since the last question."""


# By nvmlReturn_t. What is not named here is worth another try.
_ERRORS: dict[int, type[ProbeError]] = {
    0: NoSamples,  # nvidia-ml-py raises "success" where a sizing call found nothing
    1: NotStarted,  # UNINITIALIZED
    2: Fatal,  # INVALID_ARGUMENT
    3: Unsupported,  # NOT_SUPPORTED
    4: Fatal,  # NO_PERMISSION
    6: NoSamples,  # NOT_FOUND
    9: NoDriver,  # DRIVER_NOT_LOADED
    12: NoDriver,  # LIBRARY_NOT_FOUND
    13: Unsupported,  # FUNCTION_NOT_FOUND: an older driver
    14: Fatal,  # CORRUPTED_INFOROM
    15: Gone,  # GPU_IS_LOST: it fell off the bus
    16: Fatal,  # RESET_REQUIRED
    18: Fatal,  # LIB_RM_VERSION_MISMATCH: the driver was replaced under us
    25: Unsupported,  # ARGUMENT_VERSION_MISMATCH
    26: Unsupported,  # DEPRECATED
    28: Gone,  # GPU_NOT_FOUND
}
_ADVICE = {
    4: "let this user open /dev/nvidiactl and /dev/nvidia* (often: join the group video)",
    15: "the driver lost the GPU; see the kernel's log for Xid messages",
    16: "the GPU must be reset",
    18: "the driver was updated while its old kernel module is loaded; restart the machine",
}


def translated(what: str, code: int, said: str) -> ProbeError:
    """What the caller does next, with the driver's own words and what helps."""
    advice = f"; {_ADVICE[code]}" if code in _ADVICE else ""
    return _ERRORS.get(code, Retry)(f"{what}: {said} (NVML error {code}){advice}")
