"""One batch: bytes to a checked value."""

import zlib
from typing import Any

from pydantic import TypeAdapter, ValidationError

from joulebook.wire import Batch, check
from joulebook_server.errors import Problem

_BATCH = TypeAdapter(Batch)
#: The most windows in one batch: 14 hours of one device. A batch is one transaction, and all other
#: writers wait for it.
MOST_WINDOWS = 5_000

_TOO_LARGE = "Batch too large"
_UNREADABLE = "Unreadable batch"
_REFUSED = "Refused batch"


def unpack(body: bytes, encoding: str | None, limit: int) -> bytes:
    """The batch's JSON; at most `limit` bytes are ever decompressed.

    Args:
        body: Request body.
        encoding: Its ``Content-Encoding``; None or ``identity`` if it is not compressed.
        limit: The most that is taken, bytes.

    Raises:
        Problem: 413 if it is larger, 400 if it is no gzip, 415 for another encoding.
    """
    known = (encoding or "identity").strip().lower()
    if known == "identity":
        content = body
    elif known == "gzip":
        content = _gunzip(body, limit)
    else:
        raise Problem(415, _UNREADABLE, f"Content-Encoding {encoding!r}; send gzip or none", "$")
    if len(content) > limit:
        raise Problem(413, _TOO_LARGE, f"more than {limit} bytes of JSON; split it", "$")
    return content


def parse(content: bytes, now_us: int) -> Batch:
    """A batch that keeps the contract.

    Raises:
        Problem: 400 if it is no JSON, 413 if it holds too many windows, 422 if its shape is off.
        WireError: It breaks a rule of the contract.
    """
    try:
        batch = _BATCH.validate_json(content, strict=True)
    except ValidationError as error:
        raise _as_problem(error) from error
    if len(batch.meters.device) > MOST_WINDOWS:
        detail = f"more than {MOST_WINDOWS} windows; split it, so that others need not wait for it"
        raise Problem(413, _TOO_LARGE, detail, "$.meters")
    check(batch, now_us)
    return batch


def _gunzip(body: bytes, limit: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)  # 16: a gzip header
    try:
        content = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise Problem(400, _UNREADABLE, f"the body is no gzip: {error}", "$") from error
    if len(content) <= limit and not unpacker.eof:
        raise Problem(400, _UNREADABLE, "the gzip body is cut off; send it whole", "$")
    if unpacker.unused_data:
        raise Problem(400, _UNREADABLE, "there is more after the gzip body's end", "$")
    return content


def _as_problem(error: ValidationError) -> Problem:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return Problem(400, _UNREADABLE, f"the body is no JSON: {first['msg']}", "$")
    return Problem(422, _REFUSED, first["msg"], _path(first["loc"]))


def _path(location: tuple[Any, ...]) -> str:
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return "$" + "".join(steps)
