"""Signals, text, coding and feature preparation in plain NumPy."""

from npml_core import minibatches

from .coding import BytePairEncoder, HuffmanEncoder, StreamDecoder, WordPieceTokenizer
from .dsp.cepstrum import cepstral_lifter, mfcc, power_to_db
from .dsp.cosine import dct, idct
from .dsp.fourier import dft, idft
from .dsp.framing import frames, stft
from .dsp.interpolation import batch_resample, bilinear_interpolate, nn_interpolate_1d, nn_interpolate_2d
from .dsp.mel import hertz_to_mel, mel_filterbank, mel_spectrogram, mel_to_hertz
from .dsp.spectra import autocorrelate1d, dft_bins, magnitude_spectrum, power_spectrum, preemphasis
from .dsp.windows import blackman_harris, generalized_cosine, get_window, hamming, hann
from .features import (
    CountVectorizer,
    FeatureHasher,
    LabelEncoder,
    MinMaxScaler,
    OneHotEncoder,
    StandardScaler,
    TfidfTransformer,
    TfidfVectorizer,
)
from .text import (
    Vocabulary,
    documents,
    ngrams,
    remove_stop_words,
    strip_punctuation,
    tokenize_bytes,
    tokenize_chars,
    tokenize_whitespace,
    tokenize_words,
)

__version__ = "0.1.0"

__all__ = [
    "BytePairEncoder",
    "CountVectorizer",
    "FeatureHasher",
    "HuffmanEncoder",
    "LabelEncoder",
    "MinMaxScaler",
    "OneHotEncoder",
    "StandardScaler",
    "StreamDecoder",
    "TfidfTransformer",
    "TfidfVectorizer",
    "Vocabulary",
    "WordPieceTokenizer",
    "__version__",
    "autocorrelate1d",
    "batch_resample",
    "bilinear_interpolate",
    "blackman_harris",
    "cepstral_lifter",
    "dct",
    "dft",
    "dft_bins",
    "documents",
    "frames",
    "generalized_cosine",
    "get_window",
    "hamming",
    "hann",
    "hertz_to_mel",
    "idct",
    "idft",
    "magnitude_spectrum",
    "mel_filterbank",
    "mel_spectrogram",
    "mel_to_hertz",
    "mfcc",
    "minibatches",
    "ngrams",
    "nn_interpolate_1d",
    "nn_interpolate_2d",
    "power_spectrum",
    "power_to_db",
    "preemphasis",
    "remove_stop_words",
    "stft",
    "strip_punctuation",
    "tokenize_bytes",
    "tokenize_chars",
    "tokenize_whitespace",
    "tokenize_words",
]
