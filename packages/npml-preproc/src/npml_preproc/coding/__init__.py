"""Coders: byte-pair encoding, WordPiece, Huffman."""

from .bpe import BytePairEncoder, StreamDecoder
from .huffman import HuffmanEncoder
from .wordpiece import WordPieceTokenizer

__all__ = ["BytePairEncoder", "HuffmanEncoder", "StreamDecoder", "WordPieceTokenizer"]
