"""Networks as ONNX files, and the int8 file made from one."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from joulebook_demo.network import Network

INPUT = "pixels"
OUTPUT = "logits"
#: Old enough for every onnxruntime that this demo allows.
OPSET = 17
IR_VERSION = 9


def save(network: Network, path: Path) -> None:
    """Write a network as an ONNX file: MatMul, Add and Relu in float32."""
    sizes = network.sizes
    graph = helper.make_graph(
        _nodes(network),
        "digits",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["rows", sizes[0]])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["rows", sizes[-1]])],
        _tensors(network),
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model)
    onnx.save(model, path)


def quantise(source: Path, path: Path) -> None:
    """Write the int8 twin of an ONNX file.

    Weights are int8, activations are quantised while it runs, and the products are computed
    by onnxruntime's integer kernels (dynamic quantisation, W8A8).
    """
    with _without_advice():
        quantize_dynamic(source, path, weight_type=QuantType.QInt8)


def _nodes(network: Network) -> list[onnx.NodeProto]:
    nodes: list[onnx.NodeProto] = []
    reached = INPUT
    last = len(network.layers) - 1
    for index in range(len(network.layers)):
        output = OUTPUT if index == last else f"sum{index}"
        nodes.append(helper.make_node("MatMul", [reached, f"weight{index}"], [f"product{index}"]))
        nodes.append(helper.make_node("Add", [f"product{index}", f"bias{index}"], [output]))
        if index != last:
            nodes.append(helper.make_node("Relu", [output], [f"active{index}"]))
        reached = f"active{index}"
    return nodes


def _tensors(network: Network) -> list[onnx.TensorProto]:
    return [
        numpy_helper.from_array(numbers, f"{name}{index}")
        for index, layer in enumerate(network.layers)
        for name, numbers in (("weight", layer.weight), ("bias", layer.bias))
    ]


@contextmanager
def _without_advice() -> Iterator[None]:
    """Leave out advice, given by the root logger, to run a step that needs SymPy."""

    def keep(record: logging.LogRecord) -> bool:
        return "pre-processing before quantization" not in record.getMessage()

    root = logging.getLogger()
    root.addFilter(keep)
    try:
        yield
    finally:
        root.removeFilter(keep)
