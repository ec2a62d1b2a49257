"""Which processor this is, and its thermal design power."""

from pathlib import Path

import pytest
from tests.probes.cpu_machine import EPYC, cpuinfo

from joulebook.probes.estimate.cpu_model import Cpu, identify, normalized, tdp_mw


@pytest.mark.parametrize(
    ("told", "watts"),
    [
        ("Intel(R) Xeon(R) Platinum 8358 CPU @ 2.60GHz", 250),
        ("Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz", 120),
        ("Intel(R) Xeon(R) CPU E5-2680 0 @ 2.70GHz", 130),
        ("Intel(R) Xeon(R) CPU E3-1240 V2 @ 3.40GHz", 69),
        ("Intel(R) Xeon(R) CPU           X5650  @ 2.67GHz", 95),
        ("INTEL(R) XEON(R) PLATINUM 8592+", 350),
        ("Intel(R) Core(TM) i7-10700K CPU @ 3.80GHz", 125),
        ("Intel(R) Core(TM) i9-10980XE CPU @ 3.00GHz", 165),
        ("Intel(R) Core(TM) i7-7800X CPU @ 3.50GHz", 140),
        ("13th Gen Intel(R) Core(TM) i9-13900K", 125),
        ("Intel(R) Core(TM)2 Duo CPU     T9550  @ 2.66GHz", 35),
        ("Intel(R) Core(TM) Ultra 7 155H", 28),
        (EPYC, 280),
        ("AMD EPYC 9654 96-Core Processor", 360),
        ("AMD Ryzen 9 5950X 16-Core Processor", 105),
        ("AMD Ryzen 5 1600 Six-Core Processor", 65),
        ("AMD Ryzen 7 5700G with Radeon Graphics", 65),
        ("AMD Ryzen AI 9 HX 370 w/ Radeon 890M", 28),
        ("AMD Ryzen Threadripper PRO 3995WX 64-Cores", 280),
        ("AMD FX(tm)-8350 Eight-Core Processor", 125),
        ("AMD Opteron(tm) Processor 6272", 115),
    ],
)
def test_a_model_is_found_by_the_name_that_the_kernel_tells(told: str, watts: int) -> None:
    assert tdp_mw(told) == watts * 1_000


@pytest.mark.parametrize(
    "told",
    [
        "12th Gen Intel(R) Core(TM) i9-12900K",  # the list has its neighbours, not this one
        "AMD EPYC",
        "AMD EPYC Processor",
        "AMD EPYC-Milan Processor",
        "Intel Xeon Processor (Skylake, IBRS)",
        "Intel(R) Xeon(R) CPU @ 2.00GHz",
        "Intel(R) Xeon(R) Gold 61xx CPU",
        "QEMU Virtual CPU version 2.5+",
        "Common KVM processor",
        "AMD Ryzen 7",
        "AMD EPYC 776 64-Core Processor",
        "AMD EPYC 77633 64-Core Processor",
        "Intel(R) Xeon(R) CPU E5-2680 v9 @ 2.40GHz",
        "AMD Phenom(tm) II X4 955 Processor",  # sold with 95 W and with 125 W
        "name",
        "",
    ],
)
def test_a_name_that_is_not_in_the_table_is_no_near_match(told: str) -> None:
    assert tdp_mw(told) is None


def test_a_plus_sign_is_a_part_of_the_model() -> None:
    assert normalized("Intel(R) Xeon(R) Platinum 8480+") != normalized("Intel Xeon Platinum 8480")


def test_a_normalised_name_stays_as_it_is() -> None:
    for told in (EPYC, "Intel(R) Core(TM) i7-7800X CPU X-series @ 3.50GHz"):
        assert normalized(normalized(told)) == normalized(told)


def test_packages_are_counted_by_their_ids(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(cpuinfo(cpus=8, sockets=2))
    assert identify(tmp_path) == Cpu(EPYC, sockets=2, vendor="amd", x86=True)


def test_a_guest_of_a_hypervisor_says_so(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(cpuinfo(flags="fpu hypervisor lahf_lm"))
    assert identify(tmp_path).virtual


def test_a_flag_that_only_sounds_like_it_is_no_hypervisor(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(cpuinfo(flags="fpu hypervisor_x vmx"))
    assert not identify(tmp_path).virtual


def test_arm_tells_no_model_and_counts_as_one_package(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nFeatures\t: fp\nCPU part\t: 0xd40\n")
    assert identify(tmp_path) == Cpu()


def test_without_cpuinfo_nothing_is_known(tmp_path: Path) -> None:
    assert identify(tmp_path / "nowhere") == Cpu()
