"""Sentence encoders from a directory: what is read, how rows are made, and what is said where something is missing."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kupec.kit import encoder as kit
from kupec.kit.encoder import EncoderFileMissing, EncoderNotInstalled, UnusableEncoder, open_encoder

TINY = Path(__file__).parent / "tiny_encoder"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(TINY, tmp_path / "encoder"))


def write(path: Path, told: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(told))


def test_rows_are_of_length_one_near_in_meaning_and_depend_on_nothing_but_the_text() -> None:
    encoder = open_encoder(TINY)
    rows = encoder.encode(["Cash, please", "repay", "parcel", "", "Cash, please"])
    assert rows.shape == (5, encoder.dimensions) == (5, 8)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert rows[0] @ rows[1] > 0.8 > 0.5 > rows[0] @ rows[2]
    assert np.array_equal(rows[0], rows[4])
    assert np.array_equal(encoder.encode(["parcel"])[0], rows[2])
    assert encoder.encode([]).shape == (0, 8)


def test_the_files_beside_the_network_say_how_it_is_pooled_what_stands_before_and_where_it_is_cut(copy: Path) -> None:
    usual = open_encoder(copy)
    told = usual.encode(["parcel refund"])[0]
    (copy / "onnx").mkdir()
    (copy / "model.onnx").rename(copy / "onnx" / "model.onnx")
    moved = open_encoder(str(copy))
    assert moved.name == usual.name, "the same files elsewhere are the same encoder"

    write(copy / "1_Pooling/config.json", {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False})
    first = open_encoder(copy)
    assert np.allclose(first.encode(["parcel"])[0], first.encode(["refund"])[0]), "only the first token counts"
    write(copy / "1_Pooling/config.json", {"pooling_mode": "max"})
    assert not np.allclose(open_encoder(copy).encode(["parcel refund"])[0], told)
    write(copy / "1_Pooling/config.json", {"pooling_mode": "mean"})

    write(copy / "kupec.json", {"tokens": 3})
    cut = open_encoder(copy)
    assert np.array_equal(cut.encode(["parcel refund"])[0], cut.encode(["parcel"])[0])
    write(copy / "kupec.json", {"prefix": "refund "})
    asked = open_encoder(copy)
    assert np.allclose(asked.encode(["parcel"])[0], usual.encode(["refund parcel"])[0])
    assert len({usual.name, first.name, cut.name, asked.name}) == 4, "what gives other rows has another name"
    (copy / "kupec.json").unlink()
    write(copy / "config_sentence_transformers.json", {"prompts": {"query": "refund "}, "default_prompt_name": "query"})
    assert open_encoder(copy).name == asked.name


@pytest.mark.parametrize(
    ("file", "told", "said"),
    [
        ("kupec.json", {"prefx": "query: "}, "prefx"),
        ("1_Pooling/config.json", {"pooling_mode_lasttoken": True}, "lasttoken.*mean, cls, max"),
        ("modules.json", [{"type": "sentence_transformers.models.Dense"}], "Dense"),
        ("tokenizer.json", {}, "tokenizer.json"),
        ("model.onnx", {}, "model.onnx"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_file(copy: Path, file: str, told: object, said: str) -> None:
    write(copy / file, told)
    with pytest.raises(UnusableEncoder, match=f"(?s){said}") as caught:
        open_encoder(copy)
    assert str(copy / file) in caught.value.message


def test_what_is_missing_is_named_with_what_would_be_right(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EncoderFileMissing, match="directory"):
        open_encoder(copy / "nowhere")
    (copy / "tokenizer.json").unlink()
    with pytest.raises(EncoderFileMissing, match=r"tokenizer.*tokenizer\.json"):
        open_encoder(copy)
    (copy / "model.onnx").unlink()
    with pytest.raises(EncoderFileMissing, match=r"ONNX network.*model\.onnx, onnx/model_quantized\.onnx"):
        open_encoder(copy)

    def gone(_name: str) -> None:
        raise ModuleNotFoundError(name="onnxruntime")

    monkeypatch.setattr(kit.importlib, "import_module", gone)
    with pytest.raises(EncoderNotInstalled, match=r"onnxruntime.*kupec\[encoder\]"):
        open_encoder(TINY)


def test_what_runs_an_encoder_is_loaded_only_for_who_has_one() -> None:
    asked = "import sys, kupec.kit.encoder; sys.exit(bool({'onnxruntime', 'tokenizers'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
