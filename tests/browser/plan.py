"""What the simulated hosts did in two hours: training, compression, inference, serving."""

from dataclasses import dataclass

from tests.builders import JobSpec

DIGITS = "digits-mlp"
CHAT = "sample-org/chat-8b"  # a name with a slash, as model hubs have them
#: A name, a model and a label that would run where a page does not write them as text.
HOSTILE = "</script><script>alert('name')</script>"
#: A name without a place to break it, and with what looks like an escape.
LONG = "lab%2F" + "long-name_" * 20
RUNNING = "run:serve-w4a16"
#: Two jobs under one, of which a person has corrected the first.
SWEEP = "run:sweep"


@dataclass(frozen=True)
class Ran:
    """A job and when it ran.

    Attributes:
        job: What it says of itself; its times are set from the minutes.
        first, last: Minutes since the start; None while it runs.
        gpu_w, cpu_w: Power while it ran.
    """

    job: JobSpec
    first: int
    last: int | None
    gpu_w: int
    cpu_w: int


@dataclass(frozen=True)
class HostPlan:
    """A host and its jobs.

    Attributes:
        name: Of the host.
        gpu_method: How its GPU is read.
        gap: Minutes between which nobody looked.
        ran: Its jobs, one after the other.
    """

    name: str
    gpu_method: str
    gap: tuple[int, int]
    ran: tuple[Ran, ...]


def _digits(uid: str, kind: str, variant: str, **more: object) -> JobSpec:
    told = {"project": "digits", "user": "ada", **more}
    return JobSpec(uid, kind=kind, model=DIGITS, variant=variant, **told)  # type: ignore[arg-type]


def _chat(uid: str, variant: str, tokens: int, name: str) -> JobSpec:
    return JobSpec(
        uid,
        kind="serving",
        model=CHAT,
        variant=variant,
        name=name,
        project="chat",
        user="grace",
        work={"tokens": tokens},
    )


_REQUESTS = {"requests": 2_000_000}
NORTH = HostPlan(
    name="sim-north",
    gpu_method="counter",
    gap=(44, 49),
    ran=(
        Ran(
            _digits("run:train", "training", "float32", work={"samples": 3_000_000}), 2, 42, 340, 95
        ),
        Ran(_digits("run:quantize", "compression", "int8"), 50, 54, 180, 120),
        Ran(
            _digits(
                "run:infer-float32",
                "inference",
                "float32",
                work=_REQUESTS,
                quality={"accuracy": 0.981},
            ),
            *(56, 68, 290, 70),
        ),
        Ran(
            _digits(
                "run:infer-int8",
                "inference",
                "int8",
                work=_REQUESTS,
                quality={"accuracy": 0.979},
            ),
            *(70, 77, 270, 70),
        ),
        Ran(
            _digits(
                "run:infer-pruned",
                "inference",
                "pruned 60 %",
                work=_REQUESTS,
                quality={"accuracy": 0.942},
            ),
            *(78, 83, 260, 70),
        ),
        Ran(_chat(RUNNING, "W4A16", 4_200_000, "chat, compressed"), 88, None, 310, 45),
    ),
)
SOUTH = HostPlan(
    name="sim-south",
    gpu_method="integrated",
    gap=(100, 104),
    ran=(Ran(_chat("run:serve-bf16", "bfloat16", 7_300_000, "chat"), 10, 96, 560, 60),),
)
HOSTS = (NORTH, SOUTH)
