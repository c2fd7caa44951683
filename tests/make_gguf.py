"""Writes tiny language models as GGUF files, so that a real llama.cpp has something to serve.

    python make_gguf.py OUT.gguf --chain "text to recite"   recites it, a word a token, whatever the
                                                            prompt (temperature 0)
    python make_gguf.py OUT.gguf                            random weights: gibberish, broken UTF-8
    python make_gguf.py OUT.gguf --dim 1536                 a slow one (about 190 MB)

The architecture is llama's, with two layers; all weights are 32-bit floats.
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import gguf
import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]

LAYERS = 2
HEADS = 4
CONTEXT = 2048  # tokens
COMMON = (
    "the a of to and in is you that it he was for on are as with his they I at be this have from "
    "or one had by word but not what all were we when your can said there use an each which she do "
    "how their if"
)
TEMPLATE = (
    "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)
UNKNOWN, START, STOP = 0, 1, 2  # the first three tokens
SPACE = "▁"
MARK = "\u200b"  # keeps the tokens of a repeated word distinct, and cannot be seen


class Vocabulary(NamedTuple):
    """Every token's text, score and type; and the tokens to recite, in order."""

    texts: list[str]
    scores: list[float]
    kinds: list[int]
    chain: list[int]


def vocabulary(chain: str | None) -> Vocabulary:
    """Bytes, printable ASCII, and the words of `chain`, or some common ones."""
    kind = gguf.TokenType
    tokens = {"<unk>": (0.0, kind.UNKNOWN), "<s>": (0.0, kind.CONTROL), "</s>": (0.0, kind.CONTROL)}
    tokens |= {f"<0x{byte:02X}>": (0.0, kind.BYTE) for byte in range(256)}
    tokens[SPACE] = (-1.0, kind.NORMAL)
    tokens |= {chr(code): (-2.0, kind.NORMAL) for code in range(33, 127)}
    recited: list[int] = []
    for rank, word in enumerate((chain or COMMON).split()):
        text = SPACE + word
        while text in tokens:
            text += MARK
        recited.append(len(tokens))
        tokens[text] = (-100.0 - rank, kind.NORMAL)
    scores = [score for score, _ in tokens.values()]
    kinds = [int(kind) for _, kind in tokens.values()]
    return Vocabulary(list(tokens), scores, kinds, recited if chain else [])


def recited(chain: str) -> str:
    """What a model made with `chain` says, marks and the space before the first word included."""
    words = vocabulary(chain)
    return "".join(words.texts[token] for token in words.chain).replace(SPACE, " ")


def point(embedding: Matrix, output: Matrix, chain: list[int]) -> None:
    """Make each token of the chain call for the next one, and every other for the first.

    Each one's row of `output` points where the token before it lies; dimension 0 says that a
    token is none of the chain.
    """
    embedding[:, 0] = 1.0
    embedding[chain, 0] = 0.0
    embedding /= np.linalg.norm(embedding, axis=1, keepdims=True)
    output[:] = 0
    for token, following in zip(chain, [*chain[1:], STOP], strict=True):
        output[following] += embedding[token] * 4
    output[chain[0], :] = 0
    output[chain[0], 0] = 8


def write(out: Path, chain: str | None = None, dim: int = 64, seed: int = 0) -> Path:
    """Write the file, and return its name. `dim` (a multiple of 8) is the width of a layer."""
    random = np.random.default_rng(seed)
    words = vocabulary(chain)

    def weights(*shape: int, scale: float) -> Matrix:
        return (random.standard_normal(shape) * scale).astype(np.float32)

    embedding = weights(len(words.texts), dim, scale=1.0)
    output = weights(len(words.texts), dim, scale=1.0)
    embedding /= np.linalg.norm(embedding, axis=1, keepdims=True)
    if words.chain:
        point(embedding, output, words.chain)

    writer = gguf.GGUFWriter(out, "llama")
    describe(writer, dim)
    name_tokens(writer, words)
    writer.add_tensor("token_embd.weight", embedding)
    writer.add_tensor("output_norm.weight", np.ones(dim, np.float32))
    writer.add_tensor("output.weight", output)
    scale = 0.0 if words.chain else 0.05  # a layer of zeros hands on what it is given
    for layer in (f"blk.{number}" for number in range(LAYERS)):
        writer.add_tensor(f"{layer}.attn_norm.weight", np.ones(dim, np.float32))
        writer.add_tensor(f"{layer}.ffn_norm.weight", np.ones(dim, np.float32))
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            writer.add_tensor(f"{layer}.{part}.weight", weights(dim, dim, scale=scale))
        for part, shape in (("gate", (2, 1)), ("up", (2, 1)), ("down", (1, 2))):
            wide, long = (dim * times for times in shape)
            writer.add_tensor(f"{layer}.ffn_{part}.weight", weights(wide, long, scale=scale))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return out


def describe(writer: gguf.GGUFWriter, dim: int) -> None:
    """The shape of the model."""
    writer.add_name("tiny-test")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(dim)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(dim * 2)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(dim // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_chat_template(TEMPLATE)


def name_tokens(writer: gguf.GGUFWriter, words: Vocabulary) -> None:
    """The model's vocabulary, and how text is cut into it."""
    writer.add_vocab_size(len(words.texts))
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(words.texts)
    writer.add_token_scores(words.scores)
    writer.add_token_types(words.kinds)
    writer.add_bos_token_id(START)
    writer.add_eos_token_id(STOP)
    writer.add_unk_token_id(UNKNOWN)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--chain")
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    write(arguments.out, arguments.chain, arguments.dim, arguments.seed)


if __name__ == "__main__":
    main()
