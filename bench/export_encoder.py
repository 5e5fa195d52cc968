"""A sentence encoder as Kupec reads it, from weights that lie in a folder already: int8 ONNX, a quarter of their size.

    pip install onnx onnxruntime safetensors
    python -m bench.export_encoder FOLDER TARGET        # FOLDER holds config.json, model.safetensors, tokenizer.json

For encoders built as BERT is (MiniLM, E5, BGE and their like); `model_type` in config.json says so. The weights of all
matrices become int8 by row, reduced by one bit: processors without VNNI would overflow otherwise. Nothing is fetched.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import load_file

_COPIED = ("tokenizer.json", "config.json", "sentence_bert_config.json", "modules.json", "1_Pooling/config.json")
_OURS = "com.microsoft"


class Graph:
    """Collects nodes and weights; each method returns the name of what it makes."""

    def __init__(self, weights: dict[str, np.ndarray]) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.kept: dict[str, onnx.TensorProto] = {}

    def constant(self, name: str, value: np.ndarray) -> str:
        self.kept[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def weight(self, name: str, *, turned: bool = False) -> str:
        value = self.weights[name].astype(np.float32)
        return self.constant(name, value.T if turned else value)

    def node(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        made = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [made], name=made, domain=domain, **attributes))
        return made

    def dense(self, before: str, name: str) -> str:
        multiplied = self.node("MatMul", before, self.weight(f"{name}.weight", turned=True))
        return self.node("Add", multiplied, self.weight(f"{name}.bias"))

    def normal(self, before: str, name: str, epsilon: float) -> str:
        scale, shift = self.weight(f"{name}.weight"), self.weight(f"{name}.bias")
        return self.node("LayerNormalization", before, scale, shift, axis=-1, epsilon=epsilon)


def graph_of(config: dict[str, Any], weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    """From ids and mask to the last hidden states: pooling is left to who reads them."""
    made = Graph(weights)
    epsilon = config["layer_norm_eps"]
    words = made.node("Gather", made.weight("embeddings.word_embeddings.weight"), "input_ids")
    one, two = made.constant("one", np.array([1])), made.constant("two", np.array([2]))
    length = made.node("Slice", made.node("Shape", "input_ids"), one, two)
    positions = made.weight("embeddings.position_embeddings.weight")
    places = made.node("Slice", positions, made.constant("zero", np.array([0])), length)
    kinds = made.constant("kind", weights["embeddings.token_type_embeddings.weight"][0].astype(np.float32))
    state = made.node("Add", made.node("Add", words, places), kinds)
    state = made.normal(state, "embeddings.LayerNorm", epsilon)
    mask = made.node("Cast", "attention_mask", to=TensorProto.INT32)
    for number in range(config["num_hidden_layers"]):
        layer = f"encoder.layer.{number}"
        state = made.normal(
            made.node("Add", state, attention(made, layer, state, mask, config["num_attention_heads"])),
            f"{layer}.attention.output.LayerNorm",
            epsilon,
        )
        wide = made.node("Gelu", made.dense(state, f"{layer}.intermediate.dense"), domain=_OURS)
        state = made.normal(
            made.node("Add", state, made.dense(wide, f"{layer}.output.dense")), f"{layer}.output.LayerNorm", epsilon
        )
    made.nodes.append(helper.make_node("Identity", [state], ["last_hidden_state"]))
    shape = ["texts", "tokens"]
    graph = helper.make_graph(
        made.nodes,
        "encoder",
        [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in ("input_ids", "attention_mask")],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*shape, config["hidden_size"]])],
        list(made.kept.values()),
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid(_OURS, 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def attention(made: Graph, layer: str, state: str, mask: str, heads: int) -> str:
    """The three projections as one matrix, so that the run time's fused attention can be used."""
    parts = [f"{layer}.attention.self.{part}" for part in ("query", "key", "value")]
    together = np.concatenate([made.weights[f"{part}.weight"].T for part in parts], axis=1).astype(np.float32)
    shift = np.concatenate([made.weights[f"{part}.bias"] for part in parts]).astype(np.float32)
    seen = made.node(
        "Attention",
        state,
        made.constant(f"{layer}.qkv", together),
        made.constant(f"{layer}.qkv.bias", shift),
        mask,
        domain=_OURS,
        num_heads=heads,
    )
    return made.dense(seen, f"{layer}.attention.output.dense")


def export(folder: Path, target: Path, *, exact: bool = False) -> Path:
    """Write `target`/model.onnx and copy what belongs to it; `exact` leaves the weights in single precision."""
    config = json.loads((folder / "config.json").read_text())
    if config.get("model_type") != "bert" or config.get("hidden_act") != "gelu":
        raise SystemExit(f"{folder}/config.json: only encoders built as BERT (model_type bert, gelu) can be exported")
    weights = {name.removeprefix("bert."): value for name, value in load_file(folder / "model.safetensors").items()}
    model = graph_of(config, weights)
    onnx.checker.check_model(model)
    target.mkdir(parents=True, exist_ok=True)
    made = target / "model.onnx"
    if exact:
        onnx.save(model, made)
    else:
        with tempfile.TemporaryDirectory() as room:
            whole = Path(room) / "whole.onnx"
            onnx.save(model, whole)
            quantize_dynamic(
                whole,
                made,
                per_channel=True,
                reduce_range=True,
                weight_type=QuantType.QInt8,
                extra_options={"DefaultTensorType": TensorProto.FLOAT},  # what our own nodes make has no inferred type
            )
    for name in _COPIED:
        if (folder / name).exists():
            (target / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(folder / name, target / name)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument(
        "--exact", action="store_true", help="keep single precision: four times as large, half as quick"
    )
    options = parser.parse_args()
    made = export(options.folder, options.target, exact=options.exact)
    print(f"{made}: {made.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
