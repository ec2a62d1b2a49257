"""Who a process works for."""

from dataclasses import dataclass, fields

#: Who manages a job: what `Owner.manager` may be.
SLURM, KUBERNETES, CONTAINER, PROCESS = "slurm", "kubernetes", "container", "process"


@dataclass(frozen=True, slots=True)
class JobLabels:
    """What is told of a job; None where nobody told it.

    Attributes:
        name: For people.
        project: Project, or the account that Slurm charges.
        model: Name of the model.
        variant: Label of the compression variant.
        kind: One of the kinds of job.
        user: User id of the owner on its host, as text.
    """

    name: str | None = None
    project: str | None = None
    model: str | None = None
    variant: str | None = None
    kind: str | None = None
    user: str | None = None

    def or_else(self, other: "JobLabels") -> "JobLabels":
        """These, and where one is not told, the other's: what was said first stays."""
        if self == other:
            return self
        names = [field.name for field in fields(self)]
        return JobLabels(
            *(
                mine if (mine := getattr(self, name)) is not None else getattr(other, name)
                for name in names
            )
        )


@dataclass(frozen=True, slots=True)
class Owner:
    """The job that a process belongs to.

    Attributes:
        uid: The job's id, the same on every host.
        manager: ``slurm``, ``kubernetes``, ``container`` or ``process``.
        parent: uid of the job that it is part of; None for an outermost one.
        labels: What is told of it.
        gpus: GPUs of this host that are reserved for it, as its manager names them: an index or
            a UUID. Empty where none is, or nobody tells.
    """

    uid: str
    manager: str
    parent: str | None = None
    labels: JobLabels = JobLabels()
    gpus: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """What names itself as the job above it is an outermost one."""
        if self.parent == self.uid:
            object.__setattr__(self, "parent", None)
