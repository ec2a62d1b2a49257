"""A port that nobody listens on."""

import socket


def free_port() -> int:
    """One of loopback; free until somebody takes it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port
