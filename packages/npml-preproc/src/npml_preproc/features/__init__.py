"""Features: counts and hashes of text, scaled numbers, encoded categories."""

from .encoding import OneHotEncoder
from .hashing import FeatureHasher
from .labels import LabelEncoder
from .scaling import MinMaxScaler, StandardScaler
from .tfidf import TfidfTransformer
from .tfidf_vectorizer import TfidfVectorizer
from .vectorizers import CountVectorizer

__all__ = [
    "CountVectorizer",
    "FeatureHasher",
    "LabelEncoder",
    "MinMaxScaler",
    "OneHotEncoder",
    "StandardScaler",
    "TfidfTransformer",
    "TfidfVectorizer",
]
