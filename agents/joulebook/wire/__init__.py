"""The wire contract, version 1: one definition for agent and server.

One batch is what one agent (or tracker) measured since the last. `records` names its
shape, `checking` its rules, `codec` its bytes, `times` how it writes an instant.
"""

from joulebook.wire.checking import check
from joulebook.wire.codec import decode, digest, encode
from joulebook.wire.records import (
    SCHEMA,
    Agent,
    Answer,
    Batch,
    Device,
    Host,
    Job,
    Meters,
    Parts,
    VariantRecord,
)
from joulebook.wire.times import format_time, parse_time

__all__ = [
    "SCHEMA",
    "Agent",
    "Answer",
    "Batch",
    "Device",
    "Host",
    "Job",
    "Meters",
    "Parts",
    "VariantRecord",
    "check",
    "decode",
    "digest",
    "encode",
    "format_time",
    "parse_time",
]
