from npml_preproc.text.stop_words import ENGLISH_STOP_WORDS


def test_the_list_is_whole():
    assert len(ENGLISH_STOP_WORDS) == 318
    assert all(word.isalpha() and word.islower() for word in ENGLISH_STOP_WORDS)
    assert {"the", "of", "and", "not"} < ENGLISH_STOP_WORDS
    assert "computer" not in ENGLISH_STOP_WORDS
