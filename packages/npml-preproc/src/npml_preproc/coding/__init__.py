"""Coders: byte-pair encoding, WordPiece, Huffman."""

from .bpe import BytePairEncoder, StreamDecoder

__all__ = ["BytePairEncoder", "StreamDecoder"]
