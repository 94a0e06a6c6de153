"""`Layer.summary`: one forward pass over zeros, watched layer by layer."""

from typing import NamedTuple

import numpy as np

__all__ = ["Summary", "summarise"]


class SummaryRow(NamedTuple):
    """One application of one layer."""

    name: str
    layer: str
    output_shape: tuple
    n_parameters: int
    multiply_adds: int


class Summary(str):
    """The table as text, with its rows and totals as attributes."""

    rows: list[SummaryRow]
    n_parameters: int
    multiply_adds: int

    def __repr__(self):
        return str(self)


def summarise(model, input_shape):
    """Run `model` on one sample of zeros and tabulate what each layer did."""
    shapes = input_shape if isinstance(input_shape, list) else [input_shape]
    shapes = [(shape,) if isinstance(shape, (int, np.integer)) else tuple(shape) for shape in shapes]
    shapes = [shape[1:] if shape[:1] == (None,) else shape for shape in shapes]
    if not all(isinstance(size, (int, np.integer)) and size > 0 for shape in shapes for size in shape):
        raise ValueError(f"input_shape must be a shape of positive sizes without the batch axis, got {input_shape!r}")
    rows = _watch(model, [(1, *shape) for shape in shapes])
    return _table(rows, model.n_parameters)


def _watch(model, shapes):
    layers = dict(reversed([(id(layer), (name, layer)) for name, layer in model.walk()]))
    was_training = {key: layer.training for key, (_, layer) in layers.items()}
    rows, counted = [], set()

    def observe(layer, inputs, outputs):
        own = sum(array.size for array in layer._params.values()) if id(layer) not in counted else 0
        counted.add(id(layer))
        in_shapes, out_shapes = [np.shape(x) for x in inputs], _shapes(outputs)
        cost = int(layer._multiply_adds(in_shapes, out_shapes))
        rows.append(SummaryRow(layers[id(layer)][0], type(layer).__name__, out_shapes, own, cost))

    dtype = model.input_dtype or model.dtype or next((p.value.dtype for p in model.parameters()), np.float32)
    try:
        for _, layer in layers.values():
            layer._observer, layer.training = observe, False
        model.forward(*(np.zeros(shape, dtype) for shape in shapes))
    finally:
        for key, (_, layer) in layers.items():
            layer._observer, layer.training = None, was_training[key]
    return rows


def _shapes(outputs):
    return tuple(np.shape(y) for y in outputs) if isinstance(outputs, tuple) else np.shape(outputs)


def _table(rows, n_parameters):
    cells = [("layer", "kind", "output shape", "parameters", "multiply-adds")]
    cells += [(r.name, r.layer, str(r.output_shape), f"{r.n_parameters:,}", f"{r.multiply_adds:,}") for r in rows]
    total = sum(row.multiply_adds for row in rows)
    cells.append(("total", "", "", f"{n_parameters:,}", f"{total:,}"))
    widths = [max(len(row[i]) for row in cells) for i in range(5)]
    lines = ["  ".join([*map(str.ljust, row[:3], widths[:3]), *map(str.rjust, row[3:], widths[3:])]) for row in cells]
    rule = "-" * len(lines[0])
    text = Summary("\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]]))
    text.rows, text.n_parameters, text.multiply_adds = rows, n_parameters, total
    return text
