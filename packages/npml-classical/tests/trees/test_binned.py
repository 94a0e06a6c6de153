import numpy as np
import pytest

from npml_classical import DecisionTreeClassifier, DecisionTreeRegressor, GradientBoostingClassifier
from npml_classical.trees.binned import Binned
from npml_classical.trees.columns import Columns

rng = np.random.default_rng(0)
X = rng.integers(0, 7, (400, 6)).astype(float)
X[:, 2] = 3.0


def test_suits_shallow_trees_on_few_values():
    columns = Columns(X)
    assert Binned.suits(columns, 3)
    assert not Binned.suits(columns, None)
    assert not Binned.suits(Columns(rng.normal(size=(400, 6))), 3)


@pytest.mark.parametrize(
    "weight", [None, rng.integers(0, 5, 400) * 1.0, rng.integers(1, 99, 400) * 1.0, rng.random(400)]
)
@pytest.mark.parametrize("options", [{}, {"min_samples_leaf": 30}, {"min_weight_fraction_leaf": 0.1}])
@pytest.mark.parametrize("kind", ["gini", "entropy", "whole", "real"])
def test_same_trees_as_with_sorted_columns(monkeypatch, kind, options, weight):
    options = {"max_depth": 4, **options}
    if kind in ("gini", "entropy"):
        y, model = rng.integers(0, 9, 400), DecisionTreeClassifier(criterion=kind, **options)
    else:
        y = rng.normal(size=400) if kind == "real" else rng.integers(0, 9, 400)
        model = DecisionTreeRegressor(**options)
    a = model.fit(X, y, weight).tree_
    monkeypatch.setattr(Binned, "suits", lambda columns, max_depth: False)
    b = model.fit(X, y, weight).tree_
    for field in ("children_left", "feature", "threshold", "n_node_samples"):
        np.testing.assert_array_equal(getattr(a, field), getattr(b, field))
    assert a.node_count > 5


def test_several_trees_at_once_and_samples_left_out(monkeypatch):
    y = rng.integers(0, 4, 400)
    models = []
    for suits in (Binned.suits, lambda columns, max_depth: False):
        monkeypatch.setattr(Binned, "suits", suits)
        models.append(GradientBoostingClassifier(n_estimators=3, subsample=0.5, random_state=0).fit(X, y))
    np.testing.assert_allclose(models[0].decision_function(X), models[1].decision_function(X), rtol=1e-12)


def test_constant_columns_only():
    assert DecisionTreeRegressor(max_depth=2).fit(np.zeros((50, 2)), rng.normal(size=50)).tree_.node_count == 1
