"""What makes a split good: squared error, Gini impurity and entropy, from exact integer prefix sums.

Sort the samples of a node by a column. A split after position p sends the first p to the left; with w the weights, and
per output k (a target, or the indicator of a class) t_k its value less the node's mean,

    W_L = sum of w over the left,   c_k = sum of w t_k over the left,   W_L + W_R = W
    decrease  =  W i(node) - W_L i(left) - W_R i(right)  =  sum_k c_k^2 (1 / W_L + 1 / W_R)

where i is the variance: the means of the two sides are c_k / W_L and -c_k / W_R, for sum w t_k = 0 over the node. The
Gini impurity 1 - sum p_k^2 = sum p_k (1 - p_k) is the summed variance of the class indicators, so the same line holds.
The entropy has W H = W log2 W - sum_k T_k log2 T_k with T_k the weight of class k.

Everything that is summed is an int64: class counts and whole-number weights as they are, targets and fractional weights
in fixed point, with as many bits as the node's total leaves. Prefix sums are then exact, whatever the order of equal
values, and one running sum serves a whole level of the tree: a node's own sums are the difference to those at its
start. Whole-number statistics that are small enough share one integer, side by side in bit fields.

A criterion answers for a group of trees at once. An *entry* is a sample in a tree: number ``tree * n_samples +
sample``.
"""

from typing import NamedTuple

import numpy as np

__all__ = ["Entropy", "Gini", "SquaredError", "Summary", "make_classification_criterion"]

EPS = np.finfo(np.float64).eps
TINY = 1e-300  # added to gains, so that a split that gains nothing still beats no split at all (0)
FIXED_BITS = 52  # magnitude of fixed-point sums: exact in floats too
PACKED_BITS = 60  # of those that share an integer with a weight
MAX_WHOLE_RANGE = 2**20  # of whole-number targets that are summed without rounding
MAX_WHOLE_WEIGHT = 15  # larger whole-number weights are handled like fractional ones


class Summary(NamedTuple):
    """What is known of each node before it is split."""

    weight: np.ndarray  # (K,) total weight
    value: np.ndarray  # (K, V) mean target, or share of every class
    impurity: np.ndarray  # (K,)
    detail: np.ndarray | None = None  # (m,) per entry, handed back to `prepare`


class _Criterion:
    """Weights, and the part of the decrease that depends on them alone."""

    kinds = None  # (n_entries,) entries of one kind have the same statistics; None: all are different
    n_kinds = 0

    sums_to_zero = False  # whether the statistics of every node do
    exact_in_floats = True  # whether the sums of a node's statistics are below 2^53

    def _set_weight(self, weight):
        self._is_whole = weight is None or bool((weight == np.floor(weight)).all() and weight.max() <= MAX_WHOLE_WEIGHT)
        self._weight_exponent, self._weight_unit = 0, 1.0
        if weight is not None and not self._is_whole:
            self._weight_exponent = int(np.frexp(weight.max())[1])
            weight = np.ldexp(weight.astype(np.float64), -self._weight_exponent)  # in (0, 1]
        if weight is not None:
            top = 0 if self._is_whole else FIXED_BITS - int(np.ceil(np.log2(weight.sum())))
            self._weight_unit = 2.0**-top
            self._whole = np.maximum(np.rint(np.ldexp(weight, top)), 1).astype(np.int64)
        self._weight = weight

    def _node_weights(self, level):
        """Integer weight of every node."""
        if self._weight is None:
            return level.sizes
        return np.add.reduceat(self._whole.take(level.entries), level.starts)

    def _prepare_weight(self, level, totals):
        self._ends, self._owner = level.ends, level.owner
        self._total = totals.astype(np.float64)
        self.total_row = self._total.take(level.owner)
        if self._weight is None:
            left, right = level.left_count.astype(np.float64), self.total_row - level.left_count
            right[level.ends] = 1.0
            self._left_row, self._inverse_row = left, 1.0 / left + 1.0 / right

    def _inverses(self, left, take):
        """1 / W_L + 1 / W_R; where nothing is right (a node's end, never a split) any finite number."""
        if self._weight is None:
            return take(self._inverse_row)
        total = take(self.total_row)
        right = total - left
        np.maximum(right, 1.0, out=right)
        left = left * right
        return np.divide(total, left, out=left)

    def min_weight(self, weight):
        """A weight in the units of the left weights that `gains` returns."""
        return np.ldexp(weight, -self._weight_exponent) / self._weight_unit * (1 - 1e-12)


class SquaredError(_Criterion):
    """Variance of a numeric target.

    Parameters
    ----------
    y : ndarray (n_entries,)
        Targets.
    weight : ndarray (n_entries,) or None
        Weights; entries of weight 0 are never asked for.
    """

    def __init__(self, y, weight=None):
        self._centre = float(y[0])
        largest = float(np.abs(y - self._centre).max())
        self._has_spread = largest > 1e-8 * np.abs(y).max()
        self._exponent = int(np.frexp(largest)[1])
        self._y = np.ldexp(y.astype(np.float64) - self._centre, -self._exponent)  # |y| <= 1: squares never overflow
        self._set_weight(weight)
        self.n_entries, self.sums_to_zero = len(y), weight is None
        self._whole_y, self._range = None, largest
        if largest < MAX_WHOLE_RANGE and (y == np.floor(y)).all():
            self._whole_y = (y - self._centre).astype(np.int64)
        self.epsilon = None

    def summarise(self, entries, starts, sizes):
        """Weight, mean and variance of nodes; two passes over the deviations, exact 0 for a constant node."""
        y = self._y.take(entries)
        first = y.take(starts)
        deviation = y - first.repeat(sizes)
        weight = sizes.astype(np.float64)
        if self._weight is None:
            mean = np.add.reduceat(deviation, starts) / weight
            deviation -= mean.repeat(sizes)
            variance = np.add.reduceat(deviation * deviation, starts) / weight
        else:
            w = self._weight.take(entries)
            weight = np.add.reduceat(w, starts)
            mean = np.add.reduceat(w * deviation, starts) / weight
            deviation -= mean.repeat(sizes)
            weighted = w * deviation
            variance = np.add.reduceat(weighted * deviation, starts) / weight
            deviation = weighted
        if self.epsilon is None:
            self.epsilon = self._leaf_threshold(variance.max())
        value = np.ldexp(first + mean, self._exponent) + self._centre
        return Summary(np.ldexp(weight, self._weight_exponent), value[:, None], variance, deviation)

    def _leaf_threshold(self, root):
        """Variance up to which a node is pure: machine epsilon, but relative to the root where all targets are tiny."""
        with np.errstate(over="ignore", under="ignore"):
            absolute = np.ldexp(EPS, -2 * self._exponent)
        threshold = EPS * root if root <= absolute and self._has_spread else absolute
        return max(threshold, 1e-200 * root)

    def impurities(self, impurity):
        """Impurities (or decreases of them) in the units of the targets."""
        with np.errstate(over="ignore", under="ignore"):
            return np.ldexp(impurity, 2 * self._exponent)

    def prepare(self, level):
        """Fixed-point deviations of a level; those of every node add up to exactly zero."""
        totals = self._node_weights(level)
        self._prepare_weight(level, totals)
        shared = self._weight is not None and self._is_whole
        self._bits = int(totals.max()).bit_length() if shared else 0
        self.exact_in_floats = not shared
        whole = None if self._weight is None else self._whole.take(level.entries)
        bound = float(totals.max()) ** 2 * self._range
        if self._whole_y is not None and self._is_whole and bound < min(2.0**52, 2.0 ** (61 - self._bits)):
            fixed, scale = self._exact(level, totals, whole)
        else:
            size = np.add.reduceat(np.abs(level.detail), level.starts)
            bits = PACKED_BITS - self._bits if shared else FIXED_BITS
            scale = np.ldexp(1.0, bits - 1 - np.frexp(size)[1])
            fixed = np.rint(level.detail * scale.repeat(level.sizes)).astype(np.int64)
            fixed[level.starts] -= np.add.reduceat(fixed, level.starts)
        self.unit = 1.0 / (self._weight_unit * scale**2)
        if whole is None:
            return [fixed]
        return [(fixed << self._bits) + whole] if shared else [fixed, whole]

    def _exact(self, level, totals, whole):
        """For whole-number targets, W times the deviations: no rounding, so that equal gains are equal."""
        y = self._whole_y.take(level.entries)
        weighted = y if whole is None else y * whole
        sums = np.add.reduceat(weighted, level.starts)
        pull = sums.repeat(level.sizes)
        fixed = weighted * totals.repeat(level.sizes) - (pull if whole is None else pull * whole)
        return fixed, np.ldexp(totals.astype(np.float64), self._exponent)

    def gains(self, sums, take):
        """Decrease for every candidate, in units of ``unit``, and the left weights (None: counts)."""
        left = None
        if self._weight is None:
            c = sums[0].astype(np.float64)
        elif self._bits:
            c = (sums[0] >> self._bits).astype(np.float64)
            left = (sums[0] & ((1 << self._bits) - 1)).astype(np.float64)
        else:
            c, left = (s.astype(np.float64) for s in sums)
        c *= c
        c *= self._inverses(left, take)
        c += TINY
        return c, left

    def decreases(self, gain):
        """Decrease of weight times impurity, in scaled units, of the gains of the level's nodes."""
        return np.ldexp(gain * self.unit, self._weight_exponent)


class _ClassCounts(_Criterion):
    """What Gini and entropy share: class weights left of a candidate, in bit fields.

    Parameters
    ----------
    codes : ndarray of int (n_entries,)
        Class of every entry.
    n_classes : int
        How many there are.
    weight : ndarray (n_entries,) or None
        Weights; entries of weight 0 are never asked for.
    """

    epsilon = EPS

    def __init__(self, codes, n_classes, weight=None):
        self._codes, self._n_classes, self.n_entries = codes, n_classes, len(codes)
        self._set_weight(weight)
        if self._is_whole:  # kind = (class, weight)
            heaviest = 1 if weight is None else int(weight.max())
            self.kinds = codes * heaviest + (0 if weight is None else weight.astype(np.intp) - 1)
            self.n_kinds = n_classes * heaviest
            self._kind_class, self._kind_weight = np.divmod(np.arange(self.n_kinds), heaviest)
            self._kind_weight = self._kind_weight + 1

    def summarise(self, entries, starts, sizes):
        """Weight, class shares and impurity of nodes."""
        cells = self._codes.take(entries) + np.arange(len(sizes)).repeat(sizes) * self._n_classes
        weights = None if self._weight is None else self._weight.take(entries)
        counts = np.bincount(cells, weights, minlength=len(sizes) * self._n_classes).reshape(len(sizes), -1)
        weight = counts.sum(axis=1, dtype=np.float64)
        shares = counts / weight[:, None]
        return Summary(np.ldexp(weight, self._weight_exponent), shares, self._impurity(shares))

    def impurities(self, impurity):
        """Impurities as they are: they have no unit."""
        return impurity

    def prepare(self, level):
        """Statistics of a level: the weights of all classes but the last and, if not counts, the total."""
        codes = self._codes.take(level.entries)
        weights = None if self._weight is None else self._whole.take(level.entries)
        cells = codes + level.owner * self._n_classes
        size = len(level.sizes) * self._n_classes
        if weights is None or self._is_whole:
            counts = np.bincount(cells, weights, minlength=size).astype(np.int64)
        else:
            counts = np.zeros(size, np.int64)
            np.add.at(counts, cells, weights)
        counts = counts.reshape(-1, self._n_classes)
        self._prepare_weight(level, counts.sum(axis=1))
        self._prepare_classes(counts, level.owner)
        if self._is_whole:
            codes, weights = self._kind_class, self._kind_weight
        n_fields = self._n_classes - 1 + (self._weight is not None)
        self._bits = int(counts.sum(axis=1).max()).bit_length() if self._is_whole else FIXED_BITS + 1
        per_word = max(1, min(62 // self._bits, n_fields))
        self._fields = [divmod(k, per_word) for k in range(n_fields)]
        self._per_word = per_word
        self.exact_in_floats = per_word * self._bits <= 53
        words = [np.zeros(len(codes), np.int64) for _ in range(-(-n_fields // per_word))]
        for k, (word, place) in enumerate(self._fields):
            held = weights if k == self._n_classes - 1 else np.where(codes == k, weights, 0)
            words[word] += held << (place * self._bits)
        return words

    def _field(self, sums, k):
        """Left weight of class k, or of all where k is one beyond the last, as floats."""
        word, place = self._fields[k]
        if self._per_word == 1:
            return sums[word].astype(np.float64)
        return ((sums[word] >> (place * self._bits)) & ((1 << self._bits) - 1)).astype(np.float64)

    def _left(self, sums, take):
        return take(self._left_row) if self._weight is None else self._field(sums, self._n_classes - 1)


class Gini(_ClassCounts):
    """1 - sum_k p_k^2."""

    def _impurity(self, shares):
        return np.einsum("kc,kc->k", shares, 1.0 - shares)

    def _prepare_classes(self, counts, owner):
        self._class_rows = [column.astype(np.float64).take(owner) for column in counts.T[:-1]]
        self.unit = 1.0 / self._total**2 * self._weight_unit

    def gains(self, sums, take):
        """Decrease for every candidate, in units of ``unit``, and the left weights (None: counts).

        With W c_k = W L_k - T_k W_L, an integer, in place of c_k; the last class has minus the sum of the others.
        """
        left = self._left(sums, take)
        total = take(self.total_row)
        last = squares = None
        for k, row in enumerate(self._class_rows):
            c = self._field(sums, k)
            c *= total
            c -= take(row) * left
            if self._n_classes > 2:
                last = c.copy() if last is None else np.add(last, c, out=last)
            c *= c
            squares = c if squares is None else np.add(squares, c, out=squares)
        if squares is None:  # a single class is never asked, but has an answer
            squares = np.zeros(np.shape(left))
        if last is None:
            squares += squares
        else:
            last *= last
            squares += last
        squares *= self._inverses(left, take)
        squares += TINY
        return squares, None if self._weight is None else left

    def decreases(self, gain):
        """Decrease of weight times impurity of the gains of the level's nodes."""
        return np.ldexp(gain * self.unit, self._weight_exponent)


class Entropy(_ClassCounts):
    """- sum_k p_k log2 p_k."""

    def _impurity(self, shares):
        return -np.einsum("kc,kc->k", shares, np.log2(np.where(shares > 0, shares, 1.0)))

    def _prepare_classes(self, counts, owner):
        self._class_rows = [column.astype(np.float64).take(owner) for column in counts.T]
        node = _xlogx(self._total) - _xlogx(counts.astype(np.float64)).sum(axis=1)
        self._shift = 1.0 + 0 * node  # gains stay positive
        self._node_row = (node + self._shift).take(owner)

    def gains(self, sums, take):
        """Decrease for every candidate plus 1, and the left weights (None: counts)."""
        left = self._left(sums, take)
        right = take(self.total_row) - left
        gain = take(self._node_row) - _xlogx(left) - _xlogx(right)
        rest = left
        for k, row in enumerate(self._class_rows):
            last = k == self._n_classes - 1
            of_class = rest if last else self._field(sums, k)
            rest = rest if last else rest - of_class
            gain = gain + _xlogx(of_class) + _xlogx(take(row) - of_class)
        return np.maximum(gain, 0.5), None if self._weight is None else left

    def decreases(self, gain):
        """Decrease of weight times impurity of the gains of the level's nodes."""
        return np.ldexp(np.maximum(gain - self._shift, 0.0) * self._weight_unit, self._weight_exponent)


def make_classification_criterion(name, codes, n_classes, weight=None):
    """The criterion of the given name.

    Parameters
    ----------
    name : {"gini", "entropy", "log_loss"}
        Which one.
    codes, n_classes, weight
        As in the criteria.

    Returns
    -------
    Gini or Entropy
    """
    return (Gini if name == "gini" else Entropy)(codes, n_classes, weight)


def _xlogx(x):
    """X log2 x for whole numbers in floats, 0 at 0."""
    return x * np.log2(np.maximum(x, 1.0))
