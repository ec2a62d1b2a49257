"""`joulebook.track`: energy of a function or a block, for one line of code."""

import os
import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar, Token
from functools import wraps
from types import TracebackType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast, overload

from joulebook.metering.guard import harmless

if TYPE_CHECKING:
    from joulebook.core.variant import Variant
    from joulebook.tracking.run import Run

P = ParamSpec("P")
T = TypeVar("T")

_innermost: "ContextVar[Run | None]" = ContextVar("joulebook_innermost", default=None)


class _Entered(threading.local):
    """Runs that this thread has entered through one description, innermost last."""

    def __init__(self) -> None:
        self.runs: list[tuple[Run, Token[Run | None]]] = []


class Track:
    """A description of what to track; a decorator and a context manager.

    Each call of a decorated function, and each `with`, is a job of its own.
    """

    def __init__(self, fields: dict[str, Any], *, summary: bool) -> None:
        self._fields = fields
        self._summary = summary
        self._entered = _Entered()

    def __enter__(self) -> "Run":
        """Start measuring; returns the handle to log work and quality."""
        # Loaded here, so that `import joulebook` costs next to nothing.
        from joulebook.tracking.run import Run  # noqa: PLC0415

        run = Run(self._fields, parent=_innermost.get())
        run.begin()
        self._entered.runs.append((run, _innermost.set(run)))
        return run

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop measuring; an exception of the block goes on unchanged."""
        run, token = self._entered.runs.pop()
        with harmless("leaving a run"):  # a token is refused in another context than its own
            _innermost.reset(token)
        run.end()
        if self._summary and run.parent is None and run.summary is not None:
            with harmless("printing the summary"):
                print(run.summary.line(), file=sys.stderr)  # noqa: T201 - it is for people

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Track every call of `function`, also of a coroutine or generator function."""
        import inspect  # noqa: PLC0415 - slow to load, and only decorating needs it

        own_name = getattr(function, "__qualname__", type(function).__name__)
        fields = {**self._fields, "name": self._fields.get("name") or own_name}
        if inspect.iscoroutinefunction(function):

            @wraps(function)
            async def awaited(*args: P.args, **kwargs: P.kwargs) -> Any:  # noqa: ANN401 - theirs
                with Track(fields, summary=self._summary):
                    return await function(*args, **kwargs)

            return cast("Callable[P, T]", awaited)
        if inspect.isasyncgenfunction(function):

            @wraps(function)
            async def streamed(*args: P.args, **kwargs: P.kwargs) -> Any:  # noqa: ANN401 - theirs
                with Track(fields, summary=self._summary):
                    async for item in function(*args, **kwargs):
                        yield item

            return cast("Callable[P, T]", streamed)
        if inspect.isgeneratorfunction(function):

            @wraps(function)
            def generated(*args: P.args, **kwargs: P.kwargs) -> Any:  # noqa: ANN401 - theirs
                with Track(fields, summary=self._summary):
                    return (yield from function(*args, **kwargs))

            return cast("Callable[P, T]", generated)

        @wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> T:
            with Track(fields, summary=self._summary):
                return function(*args, **kwargs)

        return called


@overload
def track(function: Callable[P, T], /) -> Callable[P, T]: ...


@overload
def track(
    *,
    model: str | None = None,
    variant: "str | Variant | None" = None,
    kind: str | None = None,
    name: str | None = None,
    project: str | None = None,
    summary: bool = True,
) -> Track: ...


def track(  # noqa: PLR0913 - the names a user writes, all optional
    function: Callable[P, T] | None = None,
    /,
    *,
    model: str | None = None,
    variant: "str | Variant | None" = None,
    kind: str | None = None,
    name: str | None = None,
    project: str | None = None,
    summary: bool = True,
) -> Track | Callable[P, T]:
    """Book the energy of a function or a block to one job.

    As a decorator, ``@joulebook.track(model="bert", variant="int8", kind="training")``, or
    ``with joulebook.track(...) as run: run.log(quality={"accuracy": 0.9})``. What is not given
    is taken from ``JOULEBOOK_MODEL``, ``_VARIANT``, ``_PROJECT`` and ``_KIND``,
    else from the pod's ``joulebook.io/…`` (`podinfo_dir`). A fault of
    ours is logged and never reaches the caller; an exception of the caller goes on unchanged.

    Args:
        function: The function, where the decorator is used without parentheses.
        model: Model, such as ``meta-llama/Llama-3-8B``.
        variant: Compression variant, a label or a `Variant`.
        kind: ``training``, ``finetuning``, ``inference``, ``serving``, ``compression``,
            ``evaluation``, ``data`` or ``other`` (the default).
        name: Name for people; a decorated function's own name if not given.
        project: Project that the energy is charged to.
        summary: Print one line to standard error at the end of the outermost span.

    Raises:
        TypeError: The first argument is not a function: labels are given by name.
    """
    if function is not None and not callable(function):
        raise TypeError(f"track takes labels by name, such as track(model={function!r})")
    fields = {
        "model": model,
        "variant": variant,
        "kind": kind,
        "name": name,
        "project": project,
    }
    tracked = Track(fields, summary=summary)
    return tracked if function is None else tracked(function)


def _forget() -> None:
    """A forked child keeps the enclosing run as its parent, and measures nothing for it."""
    run = _innermost.get()
    if run is not None:
        run.orphan()


os.register_at_fork(after_in_child=_forget)
