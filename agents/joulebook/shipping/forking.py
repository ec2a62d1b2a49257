"""Things that must hold still while this process forks."""

import os
import threading
import weakref
from typing import Protocol


class Forkable(Protocol):
    """Something that a child must not inherit in the middle of its work."""

    def before_fork(self) -> None:
        """Finish what is under way, and start nothing new."""
        ...

    def after_fork(self) -> None:
        """Go on; called in parent and child."""
        ...


_watched: "weakref.WeakSet[Forkable]" = weakref.WeakSet()
_still = threading.local()  # several threads may fork, each with what it holds still


def watch(thing: Forkable) -> None:
    """Hold `thing` still in every fork from now on, for as long as it lives."""
    _watched.add(thing)


def _before() -> None:
    _still.things = sorted(_watched, key=id)  # one order for all threads: no deadlock
    for thing in _still.things:
        thing.before_fork()


def _after() -> None:
    for thing in _still.things:
        thing.after_fork()
    _still.things = []


os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after)
