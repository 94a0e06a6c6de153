"""The answers that npml-nn's own tests compare with are still those of torch."""

import importlib.util
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location("record_nn", Path(__file__).parent / "record_nn.py")
record_nn = importlib.util.module_from_spec(spec)
spec.loader.exec_module(record_nn)


@pytest.mark.parametrize("topic", record_nn.recipes())
def test_recorded_answers(topic):
    assert record_nn.differences(topic, record_nn.compute(record_nn.recipes()[topic])) == []


def test_every_recorded_file_has_a_recipe():
    assert {path.stem for path in record_nn.DATA.glob("*.npz")} <= set(record_nn.recipes())
