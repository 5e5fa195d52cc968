"""Makes the encoder that lies beside this file: words of one meaning have nearly one row. Needs the package onnx.

python tests/kit/tiny_encoder/make.py
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

HERE = Path(__file__).parent
MEANINGS = ("refund money cash repay", "delivery parcel shipping courier", "invoice bill receipt", "hours open closed")
DIMENSIONS = 8


def main() -> None:
    chance = np.random.default_rng(0)
    words = {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2}
    rows = [np.full(DIMENSIONS, 0.05), np.full(DIMENSIONS, 0.05), np.full(DIMENSIONS, -0.02)]
    for place, meaning in enumerate(MEANINGS):
        middle = np.eye(DIMENSIONS)[place]
        for word in meaning.split():
            words[word] = len(rows)
            rows.append(middle + chance.normal(scale=0.05, size=DIMENSIONS))
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 2), ("[CLS]", 1))
    tokenizer.save(str(HERE / "tokenizer.json"))
    shape = ["texts", "tokens"]
    graph = helper.make_graph(
        [helper.make_node("Gather", ["rows", "input_ids"], ["last_hidden_state"])],
        "tiny",
        [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name in ("input_ids", "attention_mask")],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*shape, DIMENSIONS])],
        [numpy_helper.from_array(np.array(rows, np.float32), "rows")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), HERE / "model.onnx")


if __name__ == "__main__":
    main()
