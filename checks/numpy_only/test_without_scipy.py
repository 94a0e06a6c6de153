"""In an environment without scipy: import everything, load what was fitted elsewhere, predict the same."""

import importlib
import importlib.util
import pkgutil

import numpy as np
import pytest
from checks.numpy_only.recipes import MODULES, recipes

from npml_core import load

RECIPES = recipes()


def test_scipy_is_absent():
    assert importlib.util.find_spec("scipy") is None


@pytest.mark.parametrize("name", MODULES)
def test_every_module_imports(name):
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        importlib.import_module(module.name)


def test_models_were_saved():
    assert len(RECIPES) > 0


@pytest.mark.parametrize(("cls", "recipe"), RECIPES, ids=[cls.__name__ for cls, _ in RECIPES])
def test_a_saved_model_predicts_the_same(cls, recipe, models):
    model = load(models / cls.__name__)
    assert type(model) is cls
    np.testing.assert_allclose(recipe.use(model), np.load(models / f"{cls.__name__}.npy"), rtol=1e-12, atol=1e-14)
