"""How each variant is made: five recipes over one shelf of networks and files."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from joulebook import Variant
from joulebook_demo import export
from joulebook_demo.digits import CLASSES, PIXELS, Digits, one_hot
from joulebook_demo.distillation import Lesson, distil
from joulebook_demo.network import Network, fresh
from joulebook_demo.pruning import Strategy, prune
from joulebook_demo.training import Plan, towards, train
from joulebook_demo.zeroing import zero_weights

BASELINE = "float32"


@dataclass(frozen=True, slots=True)
class Scale:
    """How big the experiment is.

    Attributes:
        hidden: Widths of the baseline's hidden layers.
        student: Widths of the student's hidden layers.
        keep: Share of neurons, or of weights, that pruning leaves.
        epochs: Passes over the training images, by variant.
        rounds: How often every variant infers, in a new order each time.
        round_s: Measured time of one variant in one round, s.
        seed: Of everything random.
    """

    hidden: tuple[int, ...] = (1024, 1024)
    student: tuple[int, ...] = (256,)
    keep: float = 0.25
    epochs: dict[str, int] = field(
        default_factory=lambda: {
            BASELINE: 20,
            "pruned-neurons": 200,
            "pruned-unstructured": 9,
            "distilled": 560,
        }
    )
    rounds: int = 4
    round_s: float = 3.0
    seed: int = 20

    def plan(self, label: str, rate: float = 1e-3) -> Plan:
        """How long and how fast a variant learns."""
        return Plan(epochs=self.epochs[label], rate=rate, seed=self.seed)


@dataclass(frozen=True, slots=True)
class Workshop:
    """What the recipes work with.

    Attributes:
        digits: The data.
        scale: How big the experiment is.
        folder: Where the ONNX files are written.
        networks: Those made so far, by label.
    """

    digits: Digits
    scale: Scale
    folder: Path
    networks: dict[str, Network] = field(default_factory=dict)

    def file(self, label: str) -> Path:
        """The ONNX file of a variant."""
        return self.folder / f"{label}.onnx"

    def put(self, label: str, network: Network) -> None:
        """Keep a network and write its file."""
        self.networks[label] = network
        export.save(network, self.file(label))

    def seen(self, label: str) -> int:
        """Images that a variant's training looks at, repeats included."""
        return self.scale.epochs.get(label, 0) * len(self.digits.train_x)


@dataclass(frozen=True, slots=True)
class Recipe:
    """One variant: what it is called, what kind of job makes it, and how.

    Attributes:
        variant: Label, methods and scheme, as the ledger knows them.
        kind: ``training`` or ``compression``.
        make: Makes it and writes its file.
    """

    variant: Variant
    kind: str
    make: Callable[[Workshop], None]

    @property
    def label(self) -> str:
        """Name of the variant."""
        return self.variant.label


def _baseline(shop: Workshop) -> None:
    start = fresh((PIXELS, *shop.scale.hidden, CLASSES), shop.scale.seed)
    targets = towards(one_hot(shop.digits.train_y))
    shop.put(BASELINE, train(start, shop.digits.train_x, targets, shop.scale.plan(BASELINE)))


def _pruned(shop: Workshop) -> None:
    label = "pruned-neurons"
    strategy = Strategy(shop.scale.keep, shop.scale.plan(label, rate=3e-4))
    shop.put(label, prune(shop.networks[BASELINE], shop.digits, strategy))


def _zeroed(shop: Workshop) -> None:
    label = "pruned-unstructured"
    strategy = Strategy(shop.scale.keep, shop.scale.plan(label, rate=3e-4))
    shop.put(label, zero_weights(shop.networks[BASELINE], shop.digits, strategy))


def _quantised(shop: Workshop) -> None:
    export.quantise(shop.file(BASELINE), shop.file("int8"))


def _distilled(shop: Workshop) -> None:
    label = "distilled"
    lesson = Lesson((PIXELS, *shop.scale.student, CLASSES), shop.scale.plan(label))
    shop.put(label, distil(shop.networks[BASELINE], shop.digits, lesson))


#: The baseline first: the others start from it.
RECIPES = (
    Recipe(Variant(BASELINE), "training", _baseline),
    Recipe(Variant("pruned-neurons", method=["pruning"], parent=BASELINE), "compression", _pruned),
    Recipe(
        Variant("pruned-unstructured", method=["pruning"], parent=BASELINE),
        "compression",
        _zeroed,
    ),
    Recipe(
        Variant("int8", method=["quantization"], scheme="W8A8", parent=BASELINE),
        "compression",
        _quantised,
    ),
    Recipe(Variant("distilled", method=["distillation"], parent=BASELINE), "training", _distilled),
)
