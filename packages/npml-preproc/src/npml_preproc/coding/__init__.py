"""Coders: byte-pair encoding, WordPiece, Huffman."""

from .bpe import BytePairEncoder, StreamDecoder
from .huffman import HuffmanEncoder

__all__ = ["BytePairEncoder", "HuffmanEncoder", "StreamDecoder"]
