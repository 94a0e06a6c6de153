import numpy as np
import pytest

from npml_nn import Add, Dense, Dropout, Flatten, Residual, Sequential


def test_rows_and_totals():
    shared = Dense(4, 4, "relu", random_state=0)
    model = Sequential(Flatten(), Dense(6, 4), shared, Residual(shared), Dropout(0.5), Dense(4, 2, bias=False))
    model.eval()[1].train()
    summary = model.summary((2, 3))
    assert summary.n_parameters == model.n_parameters == 28 + 20 + 8
    assert summary.multiply_adds == 24 + 16 + 16 + 8
    assert sum(row.n_parameters for row in summary.rows) == 56  # the shared layer counts once
    row = next(row for row in summary.rows if row.name == "1")
    assert row == ("1", "Dense", (1, 4), 28, 24)
    assert "Residual" in summary
    assert "(1, 2)" in summary
    assert [layer.training for layer in model] == [False, True, False, False, False, False]
    assert not any(layer._observer or layer._tape for _, layer in model.walk())


def test_shapes_are_taken_in_several_forms():
    layer = Dense(4, 2)
    assert layer.summary(4).multiply_adds == layer.summary((4,)).multiply_adds == layer.summary((None, 4)).multiply_adds
    assert Add().summary([(3,), (3,)]).rows[0].output_shape == (1, 3)


def test_a_failure_leaves_the_model_as_it_was():
    model = Sequential(Dense(4, 2), Dense(3, 2))
    with pytest.raises(ValueError, match="features"):
        model.summary((4,))
    assert all(layer.training and layer._observer is None for _, layer in model.walk())
    with pytest.raises(ValueError, match="input_shape"):
        model.summary((0,))
    with pytest.raises(ValueError, match="input_shape"):
        model.summary((np.nan,))
