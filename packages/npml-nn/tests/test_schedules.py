import numpy as np
import pytest

import npml_core
from npml_nn import Constant, Schedule
from npml_nn.schedules import get_schedule


def test_constant(tmp_path):
    assert [Constant(0.5)(step) for step in (0, 7)] == [0.5, 0.5]
    assert Constant(np.float32(0.5))(0, loss=1.0) == 0.5
    assert Constant(0.1).state_dict() == {}
    npml_core.save(Constant(0.25), tmp_path / "schedule")
    assert npml_core.load(tmp_path / "schedule")(3) == 0.25
    assert repr(Constant(0.1)) == "Constant(lr=0.1)"


def test_what_is_taken_as_a_schedule():
    assert get_schedule(0.1)(5) == 0.1
    schedule = Constant(0.1)
    assert get_schedule(schedule) is schedule


def test_bad_arguments():
    with pytest.raises(ValueError, match="lr"):
        Constant(-0.1)
    with pytest.raises(TypeError, match="lr"):
        Constant(None)
    with pytest.raises(ValueError, match="no state"):
        Constant(0.1).load_state_dict({"a": 1})
    with pytest.raises(TypeError, match="__call__"):
        Schedule()(0)
