"""A sentence encoder as ONNX, laid out as the usual places offer it: the network, its tokenizer, how it is pooled.

One text at a time and on one thread: so a text's row depends on nothing but the text, and a request on nobody else's.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from kupec.kit.encoder import EncoderFileMissing, Rows, UnusableEncoder

_NETWORKS: Final = (
    "model.onnx",
    "onnx/model_quantized.onnx",
    "onnx/model_int8.onnx",
    "onnx/model_qint8_avx512_vnni.onnx",
    "onnx/model_quint8_avx2.onnx",
    "onnx/model.onnx",
    "model_quantized.onnx",
    "model_optimized.onnx",
)
"""Where the network may lie; the smaller ones before the larger."""
_POOLED: Final = "sentence_embedding"
"""An output that is one row a text already."""
_STATES: Final = ("last_hidden_state", "token_embeddings")
_REMEMBERED: Final = 512
"""Texts whose rows are kept: a turn asks for the same one several times."""


class Own(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """kupec.json, which a merchant may add: what no other file says."""

    prefix: str | None = None
    """Put before every text, as E5 wants its "query: "."""
    tokens: int | None = None
    """The longest text, in tokens; what is longer is cut. Time grows with it."""


class _Pooling(msgspec.Struct, frozen=True, kw_only=True):
    pooling_mode: str | tuple[str, ...] | None = None
    pooling_mode_cls_token: bool = False
    pooling_mode_mean_tokens: bool = False
    pooling_mode_max_tokens: bool = False
    pooling_mode_mean_sqrt_len_tokens: bool = False
    pooling_mode_weightedmean_tokens: bool = False
    pooling_mode_lasttoken: bool = False

    def kind(self) -> str:
        """What is done with the rows of the tokens; scaling does not matter, since rows are made of length one."""
        if self.pooling_mode is not None:
            return self.pooling_mode if isinstance(self.pooling_mode, str) else "+".join(self.pooling_mode)
        kinds = {
            "cls": self.pooling_mode_cls_token,
            "mean": self.pooling_mode_mean_tokens or self.pooling_mode_mean_sqrt_len_tokens,
            "max": self.pooling_mode_max_tokens,
            "lasttoken": self.pooling_mode_lasttoken,
            "weightedmean": self.pooling_mode_weightedmean_tokens,
        }
        return "+".join(kind for kind, wanted in kinds.items() if wanted) or "mean"


class _Sentences(msgspec.Struct, frozen=True, kw_only=True):
    max_seq_length: int | None = None


class _Network(msgspec.Struct, frozen=True, kw_only=True):
    max_position_embeddings: int | None = None
    model_type: str = ""


class _Prompts(msgspec.Struct, frozen=True, kw_only=True):
    prompts: dict[str, str] = {}
    default_prompt_name: str | None = None


_LONGEST: Final = 128
"""Tokens of a text, where kupec.json does not say: about ninety words, a few times what customers write."""
_SHIFTED: Final = ("roberta", "xlm-roberta", "camembert", "mpnet")
"""Networks that count positions from behind the padding's id, and so take two tokens less than they have places."""
_NUMBERS: Final[dict[str, type[np.signedinteger[Any]]]] = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}
_Told = TypeVar("_Told", bound=msgspec.Struct)


class OnnxEncoder:
    """The directory is read once. `name` tells weights and tokenizer: the same files give the same name anywhere."""

    def __init__(self, directory: Path) -> None:
        network = _found(directory, _NETWORKS, "ONNX network")
        words = _found(directory, ("tokenizer.json", "onnx/tokenizer.json"), "tokenizer")
        own = _told(directory / "kupec.json", Own)
        pooling = directory / "1_Pooling" / "config.json"
        self._kind = _told(pooling, _Pooling).kind()
        _refuse_more_layers(directory)
        if self._kind not in ("mean", "cls", "max"):
            raise UnusableEncoder(path=pooling, reason=f"pooling “{self._kind}” is not one of: mean, cls, max")
        self._prefix = _prompt(directory) if own.prefix is None else own.prefix
        self._tokens = _tokens(directory, own)
        self._tokenizer = _tokenizer(words, self._tokens)
        self._network = _session(network)
        self._inputs = _inputs(self._network, network)
        self._output, self._is_pooled = _output(self._network, network)
        self._row = lru_cache(_REMEMBERED)(self._encoded)
        try:
            self.dimensions = len(self._row(""))
        except Exception as error:  # whatever the network's own operators raise at the first text
            raise UnusableEncoder(path=network, reason=_first_line(error)) from error
        self.name = _name(network, words, [self.dimensions, self._kind, self._prefix, self._tokens])

    def encode(self, texts: Sequence[str]) -> Rows:
        """A row of length one for each text; about 4 ms each for a small network on one core."""
        if not texts:
            return np.zeros((0, self.dimensions), np.float32)
        return np.stack([self._row(text) for text in texts])

    def _encoded(self, text: str) -> Rows:
        read = self._tokenizer.encode(self._prefix + text)
        seen = np.array([read.attention_mask], np.int64)
        given = {"input_ids": [read.ids], "attention_mask": seen, "token_type_ids": [read.type_ids]}
        fed = {name: np.array(given[name], kind) for name, kind in self._inputs.items()}
        (made,) = self._network.run([self._output], fed)
        row = made[0].astype(np.float32) if self._is_pooled else self._pool(made[0].astype(np.float32), seen[0])
        unit: Rows = row / max(float(np.linalg.norm(row)), 1e-12)
        return unit

    def _pool(self, states: Rows, seen: Any) -> Rows:
        if self._kind == "cls":
            pooled: Rows = states[0]
        elif self._kind == "max":
            pooled = states[seen > 0].max(axis=0)
        else:
            pooled = states[seen > 0].mean(axis=0)
        return pooled


def _found(directory: Path, places: Sequence[str], wanted: str) -> Path:
    if not directory.is_dir():
        raise EncoderFileMissing(wanted="directory", directory=directory, expected="a directory that can be read")
    for place in places:
        if (directory / place).is_file():
            return directory / place
    raise EncoderFileMissing(wanted=wanted, directory=directory, expected=", ".join(places))


def _told(path: Path, kind: type[_Told]) -> _Told:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind) if path.is_file() else kind()
    except msgspec.MsgspecError as error:
        raise UnusableEncoder(path=path, reason=str(error)) from error


def _refuse_more_layers(directory: Path) -> None:
    """Some encoders turn the pooled row through one more matrix, which no ONNX network of theirs carries."""
    path = directory / "modules.json"
    modules = msgspec.json.decode(path.read_bytes()) if path.is_file() else []
    if any(str(module.get("type", "")).endswith("Dense") for module in modules):
        raise UnusableEncoder(path=path, reason="it has a layer behind the pooling (Dense), which is not supported")


def _prompt(directory: Path) -> str:
    told = _told(directory / "config_sentence_transformers.json", _Prompts)
    return told.prompts.get(told.default_prompt_name or "", "")


def _tokens(directory: Path, own: Own) -> int:
    network = _told(directory / "config.json", _Network)
    places = network.max_position_embeddings or _LONGEST
    if network.model_type in _SHIFTED:
        places -= 2
    most = _told(directory / "sentence_bert_config.json", _Sentences).max_seq_length or places
    return max(min(places, most, own.tokens or _LONGEST), 3)


def _tokenizer(path: Path, tokens: int) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # it raises nothing narrower
        raise UnusableEncoder(path=path, reason=_first_line(error)) from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(tokens)
    return tokenizer


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = False
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its many types have no common one
        raise UnusableEncoder(path=path, reason=_first_line(error)) from error


def _inputs(network: onnxruntime.InferenceSession, path: Path) -> dict[str, type[np.signedinteger[Any]]]:
    """What the network wants to be given, and in which kind of number."""
    known = ("input_ids", "attention_mask", "token_type_ids")
    wanted = {one.name: one.type for one in network.get_inputs()}
    strange = [name for name, kind in wanted.items() if name not in known or kind not in _NUMBERS]
    if strange or "input_ids" not in wanted:
        raise UnusableEncoder(path=path, reason=f"its inputs are {', '.join(wanted)}, expected {', '.join(known)}")
    return {name: _NUMBERS[kind] for name, kind in wanted.items()}


def _output(network: onnxruntime.InferenceSession, path: Path) -> tuple[str, bool]:
    """Which output is read, and whether it is one row a text."""
    shapes = {one.name: len(one.shape) for one in network.get_outputs()}
    if shapes.get(_POOLED) == 2:
        return _POOLED, True
    states = [*(name for name in _STATES if shapes.get(name) == 3), *(name for name in shapes if shapes[name] == 3)]
    if not states:
        expected = ", ".join((_POOLED, *_STATES))
        raise UnusableEncoder(path=path, reason=f"its outputs are {', '.join(shapes)}, expected one of {expected}")
    return states[0], False


def _name(network: Path, tokenizer: Path, how: Sequence[object]) -> str:
    digest = hashlib.sha256(msgspec.json.encode(how))
    for path in (network, tokenizer):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return f"onnx-{how[0]}-{digest.hexdigest()[:16]}"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
