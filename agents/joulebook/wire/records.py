"""The shape of a batch. Energy in integer µJ, power in integer mW, time in integer µs UTC.

Field order is the order on the wire. `meters` and `parts` are columnar: arrays of equal
length, one entry per meter window or part. Unknown keys are ignored by readers, so a newer
agent talks to an older server.
"""

from dataclasses import dataclass, field

SCHEMA = 1
#: Counters are sent modulo this. A GPU counts from the day its driver was loaded: at 700 W it
#: passes what every JSON reader keeps exact in five months.
COUNTER_MODULUS = 2**53

#: How reporters are named that tell of jobs which they found, and which do not declare themselves.
FOUND = "watch:"

ROLES = ("agent", "tracker")
DEVICE_KINDS = ("gpu", "cpu", "dram", "host", "accelerator", "other")
SCOPES = ("gpu", "module", "memory", "package", "core", "uncore", "dram", "psys", "host", "other")
JOB_KINDS = (
    "training",
    "finetuning",
    "inference",
    "serving",
    "compression",
    "evaluation",
    "data",
    "other",
)
METHODS = ("counter", "integrated", "estimated", "external")


@dataclass(frozen=True, slots=True)
class Agent:
    """Who measured.

    Attributes:
        id: Stable id of this agent, a UUID.
        epoch: Names the spool file: new after creation, damage or restore.
        role: ``agent`` or ``tracker``; where both watch a device, the agent is the meter.
        version: Version of the sender.
    """

    id: str
    epoch: str
    role: str
    version: str


@dataclass(frozen=True, slots=True)
class Host:
    """Where it was measured; one host is one host by `boot_id`, also from a container."""

    id: str
    name: str
    boot_id: str
    zone: str | None = None
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Device:
    """One thing that has a meter.

    Attributes:
        ref: Number by which `meters.device` points here, unique in the batch.
        uid: Stable, global id: a GPU's UUID, ``cpu:<machine-id>:package-0``.
        kind: One of `DEVICE_KINDS`.
        scope: What the sensor covers, one of `SCOPES`.
        additive: False where the meter contains another device's: shown beside, never added.
        name: Name for people.
        vendor: ``nvidia``, ``intel``, ``amd``, ... or ``unknown``.
        problem: Why it cannot be read now; None where it can.
    """

    ref: int
    uid: str
    kind: str
    scope: str
    additive: bool
    name: str
    vendor: str
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class VariantRecord:
    """A compression variant, as `joulebook.core.variant.Variant` describes it."""

    label: str
    method: list[str] = field(default_factory=list)
    scheme: str | None = None
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """What the energy was for, as this reporter knows it at revision `rev`.

    Attributes:
        ref: Number by which `parts.job` points here, unique in the batch.
        rev: Revision of this record; a lower one never overwrites a higher one.
        uid: Stable, global id: ``slurm:...``, ``k8s:...``, ``run:<uuidv7>``.
        parent: uid of the job this one is part of, or None.
        phase: Name of the phase, where the record is one.
        kind: One of `JOB_KINDS`.
        started_at, ended_at: RFC 3339, UTC; `ended_at` is None while it runs.
        work: Units of work done by this reporter: samples, tokens, steps, requests.
        quality: Scores such as accuracy or loss.
        reporter: Who counted the work, where several processes behind one agent share a job
            (ranks); None where the agent itself does. Work sums over reporters.
    """

    ref: int
    rev: int
    uid: str
    parent: str | None
    phase: str | None
    name: str | None
    project: str | None
    kind: str
    user: str | None
    model: str | None
    variant: VariantRecord | None
    started_at: str
    ended_at: str | None = None
    work: dict[str, float] = field(default_factory=dict)
    quality: dict[str, float] = field(default_factory=dict)
    reporter: str | None = None


@dataclass(frozen=True, slots=True)
class Meters:
    """Meter windows: what one device's sensor says happened between two instants.

    `observed_us` is at most the window's length; the difference is the gap. Counters are None
    where the method has none, and modulo `COUNTER_MODULUS`. Systematic errors (a sensor's gain)
    and random ones are kept apart because they add differently. `own_uj` is what the agent that
    measures used itself, within ``system``; None, or left out of the batch, where it is not told.
    """

    device: list[int] = field(default_factory=list)
    start_us: list[int] = field(default_factory=list)
    end_us: list[int] = field(default_factory=list)
    counter_start_uj: list[int | None] = field(default_factory=list)
    counter_end_uj: list[int | None] = field(default_factory=list)
    energy_uj: list[int] = field(default_factory=list)
    observed_us: list[int] = field(default_factory=list)
    method: list[str] = field(default_factory=list)
    err_sys_uj: list[int] = field(default_factory=list)
    err_rand_uj: list[int] = field(default_factory=list)
    power_max_mw: list[int | None] = field(default_factory=list)
    utilization: list[float | None] = field(default_factory=list)
    own_uj: list[int | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Senders that do not know the column leave it out."""
        if not self.own_uj:
            object.__setattr__(self, "own_uj", [None] * len(self.device))


@dataclass(frozen=True, slots=True)
class Parts:
    """Where each meter's energy went; per meter the parts sum to its `energy_uj`."""

    meter: list[int] = field(default_factory=list)
    job: list[int] = field(default_factory=list)
    bucket: list[str] = field(default_factory=list)
    energy_uj: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Batch:
    """One push of one agent, numbered by `seq` within its epoch."""

    schema: int
    agent: Agent
    seq: int
    host: Host
    devices: list[Device]
    jobs: list[Job]
    meters: Meters
    parts: Parts


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server says to a batch it has committed.

    Attributes:
        seq: The batch's number.
        duplicate: True where this very batch was already there.
        missing: Earlier numbers of this epoch that have not arrived.
        window_us: Length of window the server asks for, µs.
    """

    seq: int
    duplicate: bool
    missing: list[int]
    window_us: int
