import numpy as np
import pytest

import npml_core
from npml_preproc import FeatureHasher


def test_inputs_of_every_kind_agree():
    by_dict = FeatureHasher(64).transform([{"a": 2, "b": 1, "c=x": 1}, {}])
    by_pair = FeatureHasher(64, input_type="pair").transform([[("a", 1), ("b", 1.0), ("a", 1), ("c", "x")], iter([])])
    by_name = FeatureHasher(64, input_type="string").transform([iter(["a", "b", "a", "c=x"]), []])
    for other in (by_pair, by_name):
        assert (other != by_dict).nnz == 0
    assert by_dict.shape == (2, 64)
    assert sorted(np.abs(by_dict.data)) == [1, 1, 2]


def test_signs():
    names = [[f"feature {i}" for i in range(2000)]]
    signed = FeatureHasher(2**20, input_type="string").transform(names)
    assert abs(signed.sum()) < 5 * np.sqrt(2000)
    assert FeatureHasher(2**20, input_type="string", alternate_sign=False).transform(names).sum() == 2000


def test_inner_products_are_unbiased():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 40))
    found = []
    for i in range(300):
        names = [f"{i} {k}" for k in range(40)]
        X = FeatureHasher(16).transform([dict(zip(names, x)), dict(zip(names, y))])
        found.append((X[0] @ X[1].T).toarray()[0, 0])
    assert abs(np.mean(found) - x @ y) < 4 * np.std(found) / np.sqrt(len(found))


@pytest.mark.parametrize(
    "input_type, samples, error, message",
    [
        ("string", ["abc"], ValueError, "single string"),
        ("string", [["a", 1]], TypeError, "feature names must be strings, got 1"),
        ("string", [], ValueError, "empty"),
        ("pair", [["ab", "cde"]], ValueError, "pairs"),
        ("pair", [[("a", None)]], TypeError, "value of 'a' must be a number or a str, got NoneType"),
        ("dict", [{1: 2}], TypeError, "feature names must be strings"),
        ("dict", [[("a", 1)]], TypeError, "a sample must be a mapping"),
        ("set", [], ValueError, "input_type must be"),
    ],
)
def test_bad_samples(input_type, samples, error, message):
    with pytest.raises(error, match=message):
        FeatureHasher(8, input_type=input_type).transform(samples)


@pytest.mark.parametrize("n_features", [0, -1, 2**31, 1.5, "8", True])
def test_bad_sizes(n_features):
    with pytest.raises(ValueError, match="n_features must be an int"):
        FeatureHasher(n_features).fit()


def test_saved(tmp_path):
    hasher = FeatureHasher(32, dtype=np.float32)
    npml_core.save(hasher, tmp_path / "h")
    assert repr(npml_core.load(tmp_path / "h")) == repr(hasher)
    assert npml_core.load(tmp_path / "h").transform([{"a": 1}]).dtype == np.float32
