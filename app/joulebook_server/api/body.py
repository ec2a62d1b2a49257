"""Request bodies, read no further than a limit."""

from fastapi import Request

from joulebook_server.errors import Problem


async def bounded(request: Request, limit: int, title: str, advice: str) -> bytes:
    """The body.

    Args:
        request: The request.
        limit: The most that is taken, bytes.
        title: Of the problem where it is larger.
        advice: What to do then.

    Raises:
        Problem: 413 where it is larger.
    """
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise Problem(413, title, f"more than {limit} bytes; {advice}", "$")
        chunks.append(chunk)
    return b"".join(chunks)
