import numpy as np
import pytest

from npml_classical import DecisionTreeClassifier
from npml_classical.trees.options import class_weights, make_limits, n_drawn_features


@pytest.mark.parametrize(
    "max_features, expected", [(None, 50), ("sqrt", 7), ("log2", 5), (3, 3), (99, 50), (0.5, 25), (0.001, 1), (1.0, 50)]
)
def test_drawn_features(max_features, expected):
    assert n_drawn_features(max_features, 50) == expected


def test_limits():
    model = DecisionTreeClassifier(min_samples_leaf=0.05, min_samples_split=0.11, min_weight_fraction_leaf=0.1)
    limits = make_limits(model, 50, [20.0])
    assert (limits.min_samples_leaf, limits.min_samples_split) == (3, 6)
    assert limits.min_weight_leaf.tolist() == [2.0]


def test_class_weights():
    classes, codes = np.array(["a", "b"]), np.array([0, 0, 0, 1])
    assert class_weights(None, classes, codes) is None
    np.testing.assert_allclose(class_weights("balanced", classes, codes), [2 / 3, 2 / 3, 2 / 3, 2])
    assert class_weights({"b": 5}, classes, codes).tolist() == [1, 1, 1, 5]
    with pytest.raises(ValueError, match="weights of at least 0"):
        class_weights({"a": -1, "b": 1}, classes, codes)
