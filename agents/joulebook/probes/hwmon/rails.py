"""The power rails of NVIDIA Jetson modules: what each feeds, and which lies within which.

Sources: Jetson Linux Developer Guide, "Software-Based Power Consumption Modeling" (what a rail
feeds; VDDQ_VDD2_1V8AO is in VIN_SYS_5V0; VDD_IN is the whole module), the labels in Linux,
arch/arm64/boot/dts/nvidia, and for Thor the rails that tegrastats prints (VIN is the whole board).
"""

from typing import NamedTuple

#: The INA3221's gain (0.25 % of voltage and of current, datasheet SBOS576), a shunt of 1 %, and its
#: offset of 80 µV, which is 40 mA on a shunt of 2 mΩ: our own allowance for all of it, set wide.
GAIN_ERROR = 0.05


class Rail(NamedTuple):
    """One rail.

    Attributes:
        kind, scope: As in `joulebook.probes.protocol.Sensor`.
        feeds: What it feeds, for people.
        within: Label of the rail that holds it; None where none does.
        includes: Kinds of device that it feeds beside its own.
    """

    kind: str
    scope: str
    feeds: str
    within: str | None = None
    includes: tuple[str, ...] = ()


_WHOLE = ("host", "host")
_GPU = Rail("gpu", "gpu", "GPU")
_CPU = Rail("cpu", "core", "CPU")
_SOC = Rail("other", "uncore", "SoC")
_MEMORY = Rail("dram", "dram", "memory")

#: By label. Rails of kind ``host`` hold all others; of the rest only those with `within` overlap.
RAILS = {
    "VDD_IN": Rail(*_WHOLE, "whole module"),
    "POM_5V_IN": Rail(*_WHOLE, "whole module"),
    "VDD_MUX": Rail(*_WHOLE, "whole carrier board"),
    "VIN": Rail(*_WHOLE, "whole board"),
    "GPU": _GPU,
    "VDD_GPU": _GPU,
    "VDD_SYS_GPU": _GPU,
    "POM_5V_GPU": _GPU,
    "VDD_GPU_SOC": Rail("gpu", "other", "GPU and SoC"),
    # Scope "module" says that a CPU is in it: no estimate of the CPU is added to it.
    "VDD_CPU_GPU_CV": Rail("gpu", "module", "CPU, GPU and vision engines"),
    "CPU": _CPU,
    "VDD_CPU": _CPU,
    "VDD_SYS_CPU": _CPU,
    "POM_5V_CPU": _CPU,
    "VDD_CPU_CV": Rail("cpu", "other", "CPU and vision engines"),
    "VDD_CPU_SOC_MSS": Rail("cpu", "package", "CPU, SoC and memory subsystem", includes=("dram",)),
    "SOC": _SOC,
    "VDD_SOC": _SOC,
    "VDD_SYS_SOC": _SOC,
    "CV": Rail("accelerator", "other", "vision engines"),
    "VDDRQ": _MEMORY,
    "VDD_SYS_DDR": _MEMORY,
    "VDDQ_VDD2_1V8AO": Rail("dram", "dram", "memory", within="VIN_SYS_5V0"),
    "VIN_SYS_5V0": Rail("other", "other", "input, output and memory", includes=("dram",)),
    "SYS5V": Rail("other", "other", "input and output"),
}
