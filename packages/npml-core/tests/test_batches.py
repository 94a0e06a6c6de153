"""Every sample once an epoch; splits of the right sizes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npml_core import minibatches, train_test_split


@given(st.integers(1, 40), st.integers(1, 50), st.booleans())
def test_every_sample_once(n, batch_size, shuffle):
    X = np.arange(n)
    batches = list(minibatches(X, 10 * X, batch_size, shuffle, random_state=0))
    assert all(len(Xb) == batch_size for Xb, _ in batches[:-1])
    assert all((yb == 10 * Xb).all() for Xb, yb in batches)
    seen = np.concatenate([Xb for Xb, _ in batches])
    assert sorted(seen.tolist()) == X.tolist()
    assert shuffle or seen.tolist() == X.tolist()


def test_unshuffled_batches_are_views():
    X = np.zeros((10, 2))
    assert all(np.shares_memory(batch, X) for batch in minibatches(X, batch_size=3, shuffle=False))


def test_seed_gives_the_order():
    first = [b.tolist() for b in minibatches(np.arange(20), batch_size=6, random_state=1)]
    assert first == [b.tolist() for b in minibatches(np.arange(20), batch_size=6, random_state=1)]
    assert first != [b.tolist() for b in minibatches(np.arange(20), batch_size=6, random_state=2)]


@pytest.mark.parametrize("bad", [0, -1, 1.5, True, "2"])
def test_bad_batch_size_is_named_at_once(bad):
    with pytest.raises(ValueError, match="batch_size"):
        minibatches(np.zeros(3), batch_size=bad)


def test_lengths_must_agree():
    with pytest.raises(ValueError, match="X has 3, y has 2"):
        minibatches(np.zeros(3), np.zeros(2))
    with pytest.raises(ValueError, match="X has 3, y has 2"):
        train_test_split(np.zeros(3), np.zeros(2))


@given(st.integers(2, 60), st.floats(0.01, 0.99))
def test_split_is_a_partition(n, share):
    if np.ceil(share * n) >= n:
        with pytest.raises(ValueError, match="leaves none"):
            train_test_split(np.arange(n), test_size=share)
        return
    train, test = train_test_split(np.arange(n), test_size=share, random_state=0)
    assert len(test) == np.ceil(share * n)
    assert sorted([*train.tolist(), *test.tolist()]) == list(range(n))


@given(st.lists(st.integers(2, 12), min_size=2, max_size=4), st.floats(0.2, 0.8), st.integers(0, 5))
def test_strata_keep_their_shares(counts, share, seed):
    labels = np.repeat(np.arange(len(counts)), counts)
    n, n_test = len(labels), int(np.ceil(share * len(labels)))
    if min(n_test, n - n_test) < len(counts):
        with pytest.raises(ValueError, match="stratify"):
            train_test_split(labels, test_size=share, stratify=labels)
        return
    train, test = train_test_split(labels, test_size=share, stratify=labels, random_state=seed)
    assert len(test) == n_test
    exact = np.asarray(counts) * n_test / n
    assert (np.abs(np.bincount(test, minlength=len(counts)) - exact) < 1).all()
    assert sorted([*train, *test]) == labels.tolist()


@pytest.mark.parametrize("bad", [0, 10, -1, 0.0, 1.0, 1.5, "half", None, True])
def test_bad_test_size(bad):
    with pytest.raises(ValueError, match="test_size"):
        train_test_split(np.zeros(10), test_size=bad)


def test_bad_strata():
    with pytest.raises(ValueError, match="class 2 has one sample"):
        train_test_split(np.zeros(5), stratify=[0, 0, 1, 1, 2])
    with pytest.raises(ValueError, match="stratify must hold 5 labels"):
        train_test_split(np.zeros(5), stratify=[0, 0, 1, 1])


def test_lists_stay_lists():
    train, test, a, b = train_test_split(["a", "b", "c", "d"], [1, 2, 3, 4], random_state=0)
    assert isinstance(train, list)
    assert len(train) == len(a) == 3
    assert len(test) == len(b) == 1
