"""One archive, made ready in each of the ways that are compared: function(Setup) -> callable on float32 [B,3,S,S].

Every callable gives the embeddings as a float32 array [B,D], so that the caller can see that all compute the same.
"""
import warnings
from dataclasses import dataclass

import numpy as np
import torch

FLOAT, BFLOAT16 = 6, 15  # the numbers that TorchScript uses for dtypes


@dataclass(frozen=True)
class Setup:
    """archive is the TorchScript file, onnx its export (written by export_onnx), dtype fp32 or bf16."""

    archive: str
    onnx: str
    dtype: str
    threads: int


def load(setup):
    """The archive's module in the dtype asked for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = torch.jit.load(setup.archive, map_location="cpu").eval()
    return to_bfloat16(module) if setup.dtype == "bf16" else module


def to_bfloat16(module):
    """Weights in bfloat16, and every cast to float32 that tracing wrote into the graph a cast to bfloat16."""
    holder = torch.jit.trace(lambda x: x.to(torch.bfloat16), torch.ones(1), check_trace=False)
    constant = next(node for node in holder.graph.findAllNodes("prim::Constant") if value_of(node) == BFLOAT16)
    for part in module.modules():
        casts = part.graph.findAllNodes("aten::to") if part._c._has_method("forward") else []
        for node in casts:
            for given in node.inputs():
                if value_of(given.node()) == FLOAT:
                    given.node().copyAttributes(constant)
    return module.to(torch.bfloat16)


def value_of(node):
    if node.kind() != "prim::Constant" or "value" not in node.attributeNames() or node.kindOf("value") != "i":
        return None
    return node.i("value")


def runner(module, setup, memory_format=torch.contiguous_format):
    dtype = torch.bfloat16 if setup.dtype == "bf16" else torch.float32

    def run(pixels):
        with torch.inference_mode():
            return module(pixels.to(dtype, memory_format=memory_format)).float().numpy()

    return run


def eager(setup):
    """The archive as loaded; the profiling executor leaves it unfrozen."""
    return runner(load(setup), setup)


def frozen(setup):
    return runner(torch.jit.freeze(load(setup)), setup)


def frozen_channels_last(setup):
    module = torch.jit.freeze(load(setup).to(memory_format=torch.channels_last))
    return runner(module, setup, torch.channels_last)


def optimized(setup):
    return runner(torch.jit.optimize_for_inference(torch.jit.freeze(load(setup))), setup)


def export_onnx(archive, path, image_size):
    """Exports the traced module; any batch size."""
    module = load(Setup(archive, path, "fp32", 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (torch.zeros(2, 3, image_size, image_size),), path, dynamo=False, opset_version=17,
                          input_names=["pixels"], output_names=["embeddings"],
                          dynamic_axes={"pixels": {0: "batch"}, "embeddings": {0: "batch"}})


def onnx_runtime(setup):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = setup.threads, 1
    session = onnxruntime.InferenceSession(setup.onnx, options, providers=["CPUExecutionProvider"])
    return lambda pixels: session.run(None, {"pixels": pixels.numpy()})[0]


def openvino(setup):
    """Compiled for the batch size of its first input."""
    import openvino as ov
    model = ov.convert_model(setup.onnx)
    compiled = {}

    def run(pixels):
        if pixels.shape not in compiled:
            model.reshape(list(pixels.shape))
            compiled[pixels.shape] = ov.compile_model(model, "CPU", {
                "INFERENCE_NUM_THREADS": setup.threads, "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_PRECISION_HINT": "bf16" if setup.dtype == "bf16" else "f32"})
        return np.array(compiled[pixels.shape](pixels.numpy())[0], np.float32)

    return run
