"""Fit and save a model of every public estimator, and what it predicts, for the tests that run without scipy.

Usage: python save_models.py FOLDER SCIPY, where SCIPY is a folder that scipy is installed into.
"""

import sys
from pathlib import Path

import numpy as np


def main(out: str, scipy: str) -> None:
    sys.path.append(scipy)
    from recipes import recipes

    from npml_core import save

    Path(out).mkdir(parents=True, exist_ok=True)
    for cls, recipe in recipes():
        model = recipe.fit(cls)
        save(model, Path(out) / cls.__name__)
        np.save(Path(out) / f"{cls.__name__}.npy", recipe.use(model))
    print(f"saved {len(recipes())} models")


if __name__ == "__main__":
    main(*sys.argv[1:])
