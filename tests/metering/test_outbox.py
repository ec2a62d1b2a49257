"""When the outbox sends, and when it holds off, in virtual time."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.shipping.batches import batch_of

from joulebook.clock import ManualClock
from joulebook.core.units import US_PER_S
from joulebook.errors import Refused, ShippingError, Unreachable
from joulebook.metering.outbox import Outbox
from joulebook.shipping.http import MemorySender
from joulebook.shipping.skew import Skew
from joulebook.shipping.spool import Spool
from joulebook.wire import Host

#: Long enough for any machine; a round against memory takes milliseconds.
PATIENCE_S = 60.0
AWAY = Unreachable("away")


class Scene:
    """An outbox with a spool on disk, a server in memory and a clock by hand."""

    def __init__(
        self, folder: Path, role: str, pause_s: float, failures: list[ShippingError]
    ) -> None:
        self.clock = ManualClock()
        self.spool = Spool(folder / "spool.db", self.clock)
        self.server = MemorySender(failures)
        self.chance = 1.0
        self.skew = Skew()
        self.outbox = Outbox(
            self.spool,
            self.server,
            host=Host("host-1", "node", "boot-1"),
            sensors=[],
            version="0.1.0",
            clock=self.clock,
            role=role,
            pause_s=pause_s,
            skew=self.skew,
            draw=lambda: self.chance,
        )

    def tries_after(self, seconds: float) -> bool:
        """Let time pass and ask for a round; whether the server was asked."""
        self.clock.advance(int(seconds * US_PER_S))
        before = (len(self.server.failures), len(self.server.sent))
        self.outbox.ship(PATIENCE_S)
        return before != (len(self.server.failures), len(self.server.sent))


MakeScene = Callable[..., Scene]


@pytest.fixture
def scene_of(tmp_path: Path) -> Iterator[MakeScene]:
    made: list[Scene] = []

    def make(role: str, pause_s: float, *failures: ShippingError) -> Scene:
        scene = Scene(tmp_path, role, pause_s, list(failures))
        scene.spool.append(batch_of)
        made.append(scene)
        return scene

    yield make
    for scene in made:
        scene.spool.close()


def test_a_tracker_that_ends_a_thousand_times_asks_a_silent_server_once(
    scene_of: MakeScene,
) -> None:
    scene = scene_of("tracker", 30.0, *[AWAY] * 5)
    scene.chance = 0.0
    assert [scene.tries_after(0.01) for _ in range(1_000)].count(True) == 1


def test_a_trackers_pause_never_gets_shorter_and_grows(scene_of: MakeScene) -> None:
    scene = scene_of("tracker", 30.0, *[AWAY] * 5)
    assert scene.tries_after(0)
    assert [scene.tries_after(29.9), scene.tries_after(0.1)] == [False, True]
    assert [scene.tries_after(59.9), scene.tries_after(0.1)] == [False, True]


def test_an_agents_pause_is_drawn_below_a_limit_that_doubles(scene_of: MakeScene) -> None:
    scene = scene_of("agent", 1.0, *[AWAY] * 5)
    scene.chance = 0.5
    assert scene.tries_after(0)
    for pause_s in (0.5, 1.0, 2.0):
        assert [scene.tries_after(pause_s - 0.01), scene.tries_after(0.01)] == [False, True]


def test_after_a_success_the_next_pause_is_the_first_again(scene_of: MakeScene) -> None:
    scene = scene_of("agent", 1.0, AWAY, AWAY)
    assert [scene.tries_after(s) for s in (0, 1.0, 2.0)] == [True, True, True]
    assert scene.spool.count() == 0
    scene.server.failures = [AWAY, AWAY]
    scene.spool.append(batch_of)
    assert [scene.tries_after(s) for s in (0, 0.99, 0.01)] == [True, False, True]


def test_a_round_that_got_somewhere_before_it_failed_counts_as_a_success(
    scene_of: MakeScene,
) -> None:
    scene = scene_of("agent", 1.0, AWAY, AWAY, Refused("no"), AWAY, AWAY)
    scene.spool.append(batch_of)
    assert [scene.tries_after(s) for s in (0, 1.0, 2.0)] == [True, True, True]
    assert [scene.tries_after(s) for s in (0.99, 0.01)] == [False, True]


def test_the_servers_wish_is_waited_for(scene_of: MakeScene) -> None:
    scene = scene_of("agent", 1.0, Unreachable("busy", 40.0))
    assert scene.tries_after(0)
    assert [scene.tries_after(40.9), scene.tries_after(0.1)] == [False, True]


def test_a_wish_for_a_day_is_granted_for_an_hour(scene_of: MakeScene) -> None:
    scene = scene_of("agent", 1.0, Unreachable("busy", 86_400.0))
    assert scene.tries_after(0)
    assert [scene.tries_after(3600.9), scene.tries_after(0.1)] == [False, True]


def test_a_clock_that_is_off_is_warned_of_once(
    scene_of: MakeScene, caplog: pytest.LogCaptureFixture
) -> None:
    scene = scene_of("agent", 1.0)
    scene.skew.us = 90 * US_PER_S
    with caplog.at_level(logging.WARNING, "joulebook"):
        scene.outbox.ship(PATIENCE_S)
        scene.outbox.ship(PATIENCE_S)
    assert [record.getMessage()[:42] for record in caplog.records] == [
        "joulebook: this machine's clock is 90 s be"
    ]
    assert scene.outbox.skew_us == 90 * US_PER_S


def test_before_an_answer_no_skew_is_known(scene_of: MakeScene) -> None:
    assert scene_of("agent", 1.0).outbox.skew_us is None
