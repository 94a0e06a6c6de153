import os

import numpy as np
import pytest

from npml_nn import Dense, Sequential


def network(seed):
    return Sequential(Dense(3, 4, "tanh", random_state=seed), Dense(4, 2, random_state=seed))


def test_round_trip_at_exactly_the_path(tmp_path):
    model, other = network(0), network(1)
    model.save(tmp_path / "weights")
    assert os.listdir(tmp_path) == ["weights"]
    assert other.load(tmp_path / "weights") is other
    for name, array in model.params.items():
        np.testing.assert_array_equal(other.params[name], array)
    with np.load(tmp_path / "weights", allow_pickle=False) as archive:
        assert sorted(archive.files) == sorted(model.params)


def test_every_damage_is_a_clear_error(tmp_path):
    path, model = tmp_path / "weights.npz", network(0)
    model.save(path)
    whole, before = path.read_bytes(), model.state_dict()
    damaged = [whole[:n] for n in range(0, len(whole), 97)]
    for position in range(0, len(whole), 41):
        flipped = bytearray(whole)
        flipped[position] ^= 0x55
        damaged.append(bytes(flipped))
    n_errors = 0
    for contents in damaged:
        path.write_bytes(contents)
        try:
            model.load(path)
        except ValueError:
            n_errors += 1
        for name, array in model.state_dict().items():
            np.testing.assert_array_equal(array, before[name])
    assert n_errors > 0.7 * len(damaged)  # some bytes (dates, attributes) mean nothing


def test_weights_of_another_model_change_nothing(tmp_path):
    Dense(3, 2).save(tmp_path / "weights")
    model = network(0)
    before = model.state_dict()
    with pytest.raises(ValueError, match="missing"):
        model.load(tmp_path / "weights")
    np.testing.assert_array_equal(model.params["0.W"], before["0.W"])


def test_bad_arguments(tmp_path):
    with pytest.raises(ValueError, match="format"):
        network(0).save(tmp_path / "weights", format="pickle")
    with pytest.raises(FileNotFoundError):
        network(0).load(tmp_path / "none")
    with np.errstate(all="ignore"):
        np.savez(tmp_path / "objects.npz", W=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="damaged"):
        Dense(3, 2, bias=False).load(tmp_path / "objects.npz")
