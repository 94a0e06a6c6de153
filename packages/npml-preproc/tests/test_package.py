from importlib.resources import files

import npml_preproc


def test_every_public_name_is_there_once():
    assert len(set(npml_preproc.__all__)) == len(npml_preproc.__all__)
    missing = [name for name in npml_preproc.__all__ if not hasattr(npml_preproc, name)]
    assert missing == []


def test_version_is_three_numbers():
    numbers = npml_preproc.__version__.split(".")
    assert len(numbers) == 3
    assert all(number.isdigit() for number in numbers)


def test_types_travel_with_the_package():
    assert (files(npml_preproc) / "py.typed").is_file()
