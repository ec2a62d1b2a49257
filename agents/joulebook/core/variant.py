"""What was done to a model to make it cheaper."""

from collections.abc import Sequence
from dataclasses import dataclass, field

METHODS = (
    "quantization",
    "pruning",
    "distillation",
    "mixed_precision",
    "low_rank",
    "compilation",
    "kernel",
    "batching",
)


@dataclass(frozen=True, slots=True)
class Variant:
    """One compression variant of a model.

    Attributes:
        label: Short name, such as ``W4A16-gptq-g128`` or ``float32``.
        method: Techniques applied, each one of `METHODS`; empty for a baseline. One alone
            may be given as a string.
        scheme: Weight and activation widths, such as ``W4A16``; None if not quantised.
        parent: Label of the variant it was made from, or None.
    """

    label: str
    method: Sequence[str] = field(default=())
    scheme: str | None = None
    parent: str | None = None

    def __post_init__(self) -> None:
        """Refuse an empty label and unknown methods, naming the known ones."""
        if not self.label.strip():
            raise ValueError("a variant needs a label, such as 'int8' or 'float32'")
        methods = (self.method,) if isinstance(self.method, str) else tuple(self.method)
        object.__setattr__(self, "method", methods)
        unknown = sorted(set(self.method) - set(METHODS))
        if unknown:
            raise ValueError(f"unknown method {unknown[0]!r}; known are {', '.join(METHODS)}")


def as_variant(value: "str | Variant | None") -> Variant | None:
    """A label alone is a variant; None stays None."""
    return Variant(value) if isinstance(value, str) else value
