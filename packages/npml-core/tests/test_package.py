from importlib.resources import files

import npml_core


def test_every_public_name_is_there_once():
    assert len(set(npml_core.__all__)) == len(npml_core.__all__)
    missing = [name for name in npml_core.__all__ if not hasattr(npml_core, name)]
    assert missing == []


def test_version_is_three_numbers():
    numbers = npml_core.__version__.split(".")
    assert len(numbers) == 3
    assert all(number.isdigit() for number in numbers)


def test_types_travel_with_the_package():
    assert (files(npml_core) / "py.typed").is_file()
