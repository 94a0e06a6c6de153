"""Tokens, n-grams and vocabularies against nltk's, gensim's and scikit-learn's."""

import re
from pathlib import Path

import gensim
import nltk
import pytest
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

import npml_preproc as npml
from npml_preproc.text.stop_words import ENGLISH_STOP_WORDS as OUR_STOP_WORDS

LEE = (Path(gensim.__file__).parent / "test" / "test_data" / "lee_background.cor").read_text().splitlines()


def test_stop_words_are_those_of_scikit_learn():
    assert OUR_STOP_WORDS == ENGLISH_STOP_WORDS
    words = npml.tokenize_words(" ".join(LEE[:20]))
    assert npml.remove_stop_words(words) == [word for word in words if word.lower() not in ENGLISH_STOP_WORDS]


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_ngrams(n):
    words = LEE[0].split()
    assert npml.ngrams(words, n) == list(nltk.ngrams(words, n))
    assert npml.ngrams("short", n) == list(nltk.ngrams("short", n))


def test_words_of_plain_english():
    tokenizer = nltk.tokenize.WordPunctTokenizer()
    for line in LEE[:100]:
        line = re.sub(r"(?<=\w)['.,](?=\w)", " ", line).replace("_", " ")  # what the peer parts and we do not
        ours = npml.tokenize_words(line, filter_punctuation=True)
        assert ours == [token for token in tokenizer.tokenize(line) if token[0].isalnum()]


def test_vocabulary_of_the_lee_corpus():
    documents = [npml.tokenize_words(line, lowercase=True, filter_punctuation=True) for line in LEE]
    vocabulary, peer = npml.Vocabulary().fit(documents), gensim.corpora.Dictionary(documents)
    assert vocabulary.counts == {peer[i]: count for i, count in peer.cfs.items()}
    assert len(vocabulary) == len(peer) + 1
    assert vocabulary.most_common(20) == nltk.FreqDist(word for words in documents for word in words).most_common(20)
    for words in documents:
        assert vocabulary.decode(vocabulary.encode(words)) == words
    frequent = npml.Vocabulary(min_count=5, max_tokens=100).fit(documents)
    assert len(frequent) == 101
    assert min(frequent.counts.values()) >= 5
