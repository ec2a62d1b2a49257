import logging
from pathlib import Path

import numpy as np
import onnx
import pytest

from joulebook.clock import SystemClock
from joulebook_demo import export
from joulebook_demo.digits import Digits, accuracy
from joulebook_demo.inference import Engine
from joulebook_demo.network import Matrix, Network

EDGE = 5


@pytest.fixture(scope="module")
def float_file(trained: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "float32.onnx"
    export.save(trained, path)
    return path


@pytest.fixture(scope="module")
def int8_file(float_file: Path) -> Path:
    path = float_file.with_name("int8.onnx")
    export.quantise(float_file, path)
    return path


def infer(path: Path, images: Matrix) -> Matrix:
    return Engine(path, SystemClock()).run(images, 0).logits


def operations(path: Path) -> list[str]:
    return [node.op_type for node in onnx.load(path).graph.node]


def test_the_file_computes_what_the_network_computes(
    float_file: Path, trained: Network, data: Digits
) -> None:
    expected = trained.logits(data.test_x)
    assert np.allclose(infer(float_file, data.test_x), expected, rtol=1e-4, atol=1e-4)


def test_the_file_takes_any_number_of_images(float_file: Path, data: Digits) -> None:
    assert infer(float_file, data.test_x[:EDGE]).shape == (EDGE, 10)


def test_every_product_of_the_int8_file_runs_on_an_integer_kernel(int8_file: Path) -> None:
    used = operations(int8_file)
    assert used.count("MatMulInteger") == 3
    assert "MatMul" not in used


def test_the_weights_of_the_int8_file_are_int8(int8_file: Path) -> None:
    tensors = [one for one in onnx.load(int8_file).graph.initializer if len(one.dims) > 1]
    assert [one.data_type for one in tensors] == [onnx.TensorProto.INT8] * 3


def test_the_int8_file_is_smaller(float_file: Path, int8_file: Path) -> None:
    assert int8_file.stat().st_size < float_file.stat().st_size / 2


def test_the_int8_file_still_reads_digits(int8_file: Path, data: Digits) -> None:
    assert accuracy(infer(int8_file, data.test_x), data.test_y) > 0.85


def test_quantising_gives_no_advice_to_the_user(
    float_file: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    filters = list(logging.getLogger().filters)
    export.quantise(float_file, tmp_path / "again.onnx")
    assert caplog.records == []
    assert logging.getLogger().filters == filters


def test_the_engine_counts_whole_passes(float_file: Path, data: Digits) -> None:
    passes = Engine(float_file, SystemClock()).run(data.test_x, 0.05)
    assert passes.samples >= len(data.test_x)
    assert passes.samples % len(data.test_x) == 0
