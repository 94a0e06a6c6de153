from importlib.resources import files

import npml_classical


def test_every_public_name_is_there_once():
    assert len(set(npml_classical.__all__)) == len(npml_classical.__all__)
    missing = [name for name in npml_classical.__all__ if not hasattr(npml_classical, name)]
    assert missing == []


def test_version_is_three_numbers():
    numbers = npml_classical.__version__.split(".")
    assert len(numbers) == 3
    assert all(number.isdigit() for number in numbers)


def test_types_travel_with_the_package():
    assert (files(npml_classical) / "py.typed").is_file()
