import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from npml_core import load, save
from npml_preproc import WordPieceTokenizer

VOCAB = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "un",
    "##aff",
    "##able",
    "##a",
    "want",
    "##ed",
    "a",
    "runn",
    "##ing",
]
VOCAB += [",", "'", "s", "日", "本", "é", "e", "##é", "A"]


@pytest.fixture(scope="module")
def tokenizer():
    return WordPieceTokenizer(VOCAB)


@pytest.mark.parametrize(
    "text, tokens",
    [
        ("", []),
        ("UNwantéd,running", ["un", "##want", "##ed", ",", "runn", "##ing"]),
        ("unaffable", ["un", "##aff", "##able"]),
        ("unaffabl", ["[UNK]"]),
        ("want日本a", ["want", "日", "本", "a"]),
        ("a's\u200b a\x00a \ufffd", ["a", "'", "s", "a", "##a"]),
        ("a\u0301 É e\u0301", ["a", "e", "e"]),
        ("a [MASK] [mask] a", ["a", "[MASK]", "[UNK]", "[UNK]", "[UNK]", "a"]),
        ("a" * 100, ["a", *["##a"] * 99]),
        ("a" * 101, ["[UNK]"]),
    ],
)
def test_tokens(text, tokens):
    vocab = [*VOCAB, "##want"]
    assert WordPieceTokenizer(vocab).tokenize(text) == tokens


def test_options():
    assert WordPieceTokenizer(VOCAB, lowercase=False).tokenize("A é") == ["A", "é"]
    assert WordPieceTokenizer(VOCAB, strip_accents=False).tokenize("É") == ["é"]
    assert WordPieceTokenizer(VOCAB, lowercase=False, strip_accents=True).tokenize("A é") == ["A", "e"]
    assert WordPieceTokenizer(VOCAB, handle_chinese_chars=False).tokenize("日本") == ["[UNK]"]
    assert WordPieceTokenizer(VOCAB, clean_text=False).tokenize("a\u200ba") == ["[UNK]"]


def test_special_tokens_and_truncation(tokenizer):
    ids = [VOCAB.index(token) for token in ("[CLS]", "un", "##aff", "##able", "a", "[SEP]")]
    assert tokenizer.encode("unaffable a") == ids
    assert tokenizer.encode("unaffable a", add_special_tokens=False) == ids[1:-1]
    assert tokenizer.encode("unaffable a", max_length=4) == [*ids[:3], ids[-1]]
    assert tokenizer.encode("unaffable a", max_length=2) == [ids[0], ids[-1]]
    assert tokenizer.encode("unaffable a", max_length=99) == ids
    assert tokenizer.encode("unaffable a", add_special_tokens=False, max_length=0) == []


def test_batches_are_padded_and_masked(tokenizer):
    ids, mask = tokenizer.encode_batch(["a", "unaffable", ""], max_length=4)
    assert ids.dtype == mask.dtype == np.int64
    assert ids.tolist() == [[2, 11, 3, 0], [2, 5, 6, 3], [2, 3, 0, 0]]
    assert mask.tolist() == [[1, 1, 1, 0], [1, 1, 1, 1], [1, 1, 0, 0]]
    assert tokenizer.encode_batch([])[0].shape == (0, 0)


def test_decode(tokenizer):
    assert tokenizer.decode(np.array(tokenizer.encode("Unaffable, running a's"))) == "unaffable, running a's".replace(
        "'s", " ' s"
    )
    assert tokenizer.decode(tokenizer.encode("a"), skip_special_tokens=False) == "[CLS] a [SEP]"
    assert tokenizer.decode([]) == ""


def test_vocabulary_from_a_file_or_a_mapping(tmp_path, tokenizer):
    (tmp_path / "vocab.txt").write_text("\n".join(VOCAB) + "\n", encoding="utf-8")
    for vocab in (tmp_path / "vocab.txt", str(tmp_path / "vocab.txt"), {token: i for i, token in enumerate(VOCAB)}):
        assert WordPieceTokenizer(vocab).vocab == tokenizer.vocab
    shifted = WordPieceTokenizer({token: i + 1000 for i, token in enumerate(VOCAB)})
    assert shifted.encode("a") == [1002, 1011, 1003]
    assert shifted.decode([1002, 1011, 1003]) == "a"
    assert len(shifted) == len(VOCAB)


def test_stored_pickled_and_copied(tokenizer, tmp_path):
    tokenizer.encode("unaffable")
    save(tokenizer, tmp_path / "wordpiece")
    for other in (load(tmp_path / "wordpiece"), pickle.loads(pickle.dumps(tokenizer)), copy.deepcopy(tokenizer)):
        assert other.encode("Unaffable, é [MASK]") == tokenizer.encode("Unaffable, é [MASK]")
        assert other.lowercase is True


@given(text=st.text(st.one_of(st.sampled_from("unafble wted,é日\u0301\u0345[CLSEP]"), st.characters(codec="utf-8"))))
@settings(max_examples=50, deadline=None)
def test_pieces_spell_the_words(tokenizer, text):
    tokens = tokenizer.tokenize(text)
    words = tokenizer._split(text)
    if "[" not in text and "[UNK]" not in tokens:
        assert "".join(token.removeprefix("##") for token in tokens) == "".join(words)
    assert tokenizer.encode(text) == [2, *map(VOCAB.index, tokens), 3]


def test_bad_input(tokenizer, tmp_path):
    for missing in ("[UNK]", "[CLS]", "[SEP]"):
        with pytest.raises(ValueError, match=missing[1:-1]):
            WordPieceTokenizer([token for token in VOCAB if token != missing])
    with pytest.raises(ValueError, match="id of its own"):
        WordPieceTokenizer({"[UNK]": 0, "[CLS]": 0, "[SEP]": 1})
    with pytest.raises(TypeError, match="tokens that are str"):
        WordPieceTokenizer([*VOCAB, 3])
    with pytest.raises(FileNotFoundError):
        WordPieceTokenizer(tmp_path / "none.txt")
    with pytest.raises(ValueError, match="lone surrogate"):
        tokenizer.encode("\ud800")
    with pytest.raises(TypeError, match="text must be a str, got bytes"):
        tokenizer.encode(b"a")
    with pytest.raises(ValueError, match="max_length must be at least 2, got 1"):
        tokenizer.encode("a", max_length=1)
    with pytest.raises(TypeError, match="texts must be an iterable of str"):
        tokenizer.encode_batch("a")
    with pytest.raises(ValueError, match="got 99"):
        tokenizer.decode([99])


@pytest.mark.long
@given(text=st.text())
@settings(max_examples=20000, deadline=None)
def test_fuzz(tokenizer, text):
    ids = tokenizer.encode(text)
    assert isinstance(tokenizer.decode(ids), str)
    assert len(tokenizer.encode(text, max_length=5)) <= 5
