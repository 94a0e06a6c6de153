"""The best split of every node of a level, over all columns or over columns drawn for each node.

The samples of a level stand in one row, node after node. For each column they are put in ascending order within their
node; a running sum of the statistics along the row then scores all splits of all nodes at once, a running maximum over
columns and a segmented one over nodes picks the winners. Two ways to the order:

* `Presorted`: every column sorted once at the root; a split divides each order stably, all left children first, then
  all right children, so that every level is one row again. O(columns x samples) a level without any sort.
* `Drawn`: each node looks at a few features of its own (forests). Node, rank and statistics (or place) of a sample are
  packed into one integer, and one plain sort of the integers gives the order and carries the statistics along. A node
  whose features are all constant draws on until one is not.

Rows are handled in pieces that fit the processor's cache.
"""

from typing import NamedTuple

import numpy as np

__all__ = ["Best", "Drawn", "Level", "Presorted", "Scorer"]

CHUNK = 1 << 16  # elements of a piece
FEW = 0.4  # share of candidates among all positions below which only they are scored


class Level(NamedTuple):
    """Nodes to be split and their entries, grouped by node."""

    entries: np.ndarray  # (m,)
    starts: np.ndarray  # (K,) place of the first entry of each node
    sizes: np.ndarray  # (K,)
    owner: np.ndarray  # (m,) node of every entry
    left_count: np.ndarray  # (m,) how many entries of the node stand here or before
    allowed: np.ndarray  # (m,) whether a split after this place leaves enough samples on both sides
    samples: np.ndarray  # (m,) row of X of every entry
    tree: np.ndarray  # (K,)
    detail: np.ndarray | None  # (m,) or None, for the criterion
    min_weight: np.ndarray | None  # (K,) least weight of a child, or None

    @property
    def ends(self):
        """Place of the last entry of each node."""
        return self.starts + self.sizes - 1


class Best:
    """The best split found so far of every node: gain (0: none), column, and the ranks on its two sides."""

    def __init__(self, n_nodes):
        self.gain = np.zeros(n_nodes)
        self.column, self.low, self.high = (np.zeros(n_nodes, np.int64) for _ in range(3))

    def offer(self, level, gains, ranks_of, column_of):
        """Take what is better: gains (rows, m), 0 where no split is possible; the first row and place wins a tie.

        ``ranks_of(rows, places)`` and ``column_of(rows, nodes)`` look up what belongs to a winner.
        """
        places = gains.max(axis=0) if len(gains) > 1 else gains[0]
        best = np.maximum.reduceat(places, level.starts)
        nodes = np.flatnonzero(best > self.gain)
        if nodes.size == 0:
            return
        hits = np.flatnonzero(places == np.where(best > self.gain, best, np.inf).repeat(level.sizes))
        rows = gains.take(hits, axis=1).argmax(axis=0) if len(gains) > 1 else 0
        firsts = np.searchsorted(hits, level.starts[nodes])  # of each node: first row, then first place
        rows, where = np.divmod(np.minimum.reduceat(rows * len(places) + hits, firsts), len(places))
        self.gain[nodes] = best[nodes]
        self.column[nodes] = column_of(rows, nodes)
        self.low[nodes], self.high[nodes] = ranks_of(rows, where), ranks_of(rows, where + 1)


class Presorted:
    """Search over all columns.

    Parameters
    ----------
    columns : Columns
        Ranks and orders.
    roots : list of ndarray or None
        Rows of X that each tree sees; None: all.
    """

    def __init__(self, columns, roots):
        self._columns = columns
        useful = np.flatnonzero(columns.n_ranks > 1)
        twins = np.searchsorted(useful, columns.first_twin)
        order = columns.order
        rows = max(1, CHUNK // sum(columns.n_samples if r is None else len(r) for r in roots))
        parts = [useful[i : min(i + rows, twins)] for i in range(0, twins, rows)]
        parts += [useful[i : i + rows] for i in range(twins, len(useful), rows)]  # never mixed with the first copies
        self._root_pieces = [self._make_piece(part, order, roots) for part in parts]
        self.restart()

    def restart(self):
        """Go back to the roots."""
        self._pieces = self._root_pieces

    def _make_piece(self, which, order, roots):
        """Columns of a piece, its entries in order, and their ranks."""
        entries, ranks, n = [], [], self._columns.n_samples
        for tree, root in enumerate(roots):
            own = order[which]
            if root is not None:
                seen = np.zeros(n, bool)
                seen[root] = True
                own = own.ravel().take(np.flatnonzero(seen.take(own))).reshape(len(which), -1)
            ranks.append(self._columns.ranks.ravel().take(own + which[:, None] * n))
            entries.append(own + tree * n)
        return which, np.hstack(entries), np.hstack(ranks)

    def advance(self, side):
        """Go to the next level: ``side[entry]`` is 1 in a left child, 2 in a right one, 0 where nothing is split."""
        pieces = []
        for which, entries, ranks in self._pieces:
            sides, flat, flat_ranks = side.take(entries), entries.ravel(), ranks.ravel()
            halves = [np.flatnonzero(sides == 1), np.flatnonzero(sides == 2)]
            shape = (len(which), -1)
            entries = np.concatenate([flat.take(half).reshape(shape) for half in halves], axis=1)
            ranks = np.concatenate([flat_ranks.take(half).reshape(shape) for half in halves], axis=1)
            pieces.append((which, entries, ranks))
        self._pieces = _merge(pieces, self._columns.first_twin)

    def search(self, level, criterion):
        """The best split of every node."""
        best, columns = Best(len(level.sizes)), self._columns
        score = Scorer(criterion, level, None)
        alone = []
        for which, entries, ranks in self._pieces:
            candidates = _candidates(ranks, level)
            if columns.first_twin < len(columns.ranks):
                if which[0] >= columns.first_twin:
                    candidates[:, :-1] &= ranks[:, :-1] > 0  # NaN alone is left to the first copy
                else:
                    nan_alone = candidates.copy()
                    nan_alone[:, :-1] &= ranks[:, 1:] == columns.nan_rank[which][:, None]
                    candidates &= ~nan_alone
                    if nan_alone.any():
                        alone.append((which, entries, ranks, nan_alone))
            score_piece(best, level, score, which, entries, ranks, candidates)
        for which, entries, ranks, candidates in alone:  # last, as it gives way to the others when they are as good
            score_piece(best, level, score, which, entries, ranks, candidates)
        return best


def score_piece(best, level, score, which, entries, ranks, candidates):
    """Offer the splits of a piece of columns."""
    gains = score(entries, candidates)
    best.offer(level, gains, lambda rows, places: ranks[rows, places], lambda rows, nodes: which[rows])


class Drawn:
    """Search over `n_features` features that every node draws for itself.

    Parameters
    ----------
    columns : Columns
        Ranks.
    n_features : int
        How many to draw.
    rng : numpy.random.Generator
        Draws them.
    """

    def __init__(self, columns, n_features, rng):
        self._columns, self._n_features, self._rng = columns, n_features, rng

    def restart(self):
        """Nothing is kept between trees."""

    def advance(self, side):
        """Nothing is kept between levels."""

    def search(self, level, criterion):
        """The best split of every node among the features it drew."""
        best = Best(len(level.sizes))
        if criterion.kinds is None:
            payload, n_payload = np.arange(len(level.entries)), len(level.entries)
        else:
            payload, n_payload = criterion.kinds.take(level.entries), criterion.n_kinds
        packing = _Packing(len(level.sizes), int(self._columns.n_ranks.max()), n_payload)
        score = Scorer(criterion, level, payload)
        features = _draw(self._rng, len(level.sizes), self._columns.first_twin, self._n_features)
        keys = self._sorted_keys(level, features, packing, payload)
        self._draw_on(level, features, keys, packing, payload)
        self._offer(best, level, score, features, keys, packing)
        twins = self._columns.twin.take(features)
        if (twins != features).any():
            keys = self._sorted_keys(level, twins, packing, payload)
            self._offer(best, level, score, twins, keys, packing)
        return best

    def _sorted_keys(self, level, features, packing, payload):
        n, ranks = self._columns.n_samples, self._columns.ranks.ravel()
        low = (level.owner.astype(packing.dtype) << packing.node_shift) | payload.astype(packing.dtype)
        keys = np.empty((features.shape[1], len(low)), packing.dtype)
        for row, feature in zip(keys, features.T):
            own = ranks.take((feature * n).take(level.owner) + level.samples).astype(packing.dtype, copy=False)
            np.left_shift(own, packing.payload_bits, out=row)
            row |= low
            row.sort()
        return keys

    def _draw_on(self, level, features, keys, packing, payload):
        """Give nodes in which every drawn feature is constant the next one that is not, in the first row."""
        constant = (packing.ranks(keys[:, level.starts]) == packing.ranks(keys[:, level.ends])).all(axis=0)
        nodes = np.flatnonzero(constant)
        if nodes.size == 0 or self._n_features == self._columns.first_twin:
            return
        n, ranks, count = self._columns.n_samples, self._columns.ranks, self._columns.first_twin
        inside = np.flatnonzero(constant.take(level.owner))
        sizes, samples = level.sizes[nodes], level.samples.take(inside)
        starts = np.cumsum(sizes) - sizes
        varies = np.empty((nodes.size, count), bool)
        for feature in range(count):
            own = ranks[feature].take(samples)
            varies[:, feature] = np.logical_or.reduceat(own != own.take(starts).repeat(sizes), starts)
        chance = np.where(varies, self._rng.random(varies.shape), -1.0)
        features[nodes, 0] = chance.argmax(axis=1)
        owner = level.owner.take(inside)
        own = ranks.ravel().take(features[:, 0].take(owner) * n + samples).astype(packing.dtype)
        own = (own << packing.payload_bits) | payload.take(inside).astype(packing.dtype)
        keys[0, inside] = np.sort(own | (owner.astype(packing.dtype) << packing.node_shift))

    def _offer(self, best, level, score, features, keys, packing):
        size = max(1, CHUNK // keys.shape[1])
        for i in range(0, len(keys), size):
            part = keys[i : i + size]
            above = part >> packing.payload_bits
            gains = score((part & packing.payload_mask).astype(np.intp), _candidates(above, level))
            best.offer(
                level,
                gains,
                lambda rows, places, above=above: above[rows, places] & packing.rank_mask,
                lambda rows, nodes, i=i: features[nodes, rows + i],
            )


class _Packing:
    """Node, rank and payload of a sample in one unsigned integer, the payload lowest."""

    def __init__(self, n_nodes, n_ranks, n_payload):
        bits = [int(n - 1).bit_length() for n in (n_nodes, n_ranks, n_payload)]
        self.dtype = np.uint32 if sum(bits) <= 32 else np.uint64
        self.payload_bits, self.node_shift = self.dtype(bits[2]), self.dtype(bits[1] + bits[2])
        self.payload_mask, self.rank_mask = self.dtype((1 << bits[2]) - 1), self.dtype((1 << bits[1]) - 1)

    def ranks(self, keys):
        return (keys >> self.payload_bits) & self.rank_mask


class Scorer:
    """Gains of the candidates of a piece: 0 where there is none.

    `payload` is what stands in the piece's rows: None for entries, else the number of each of its entries there.
    """

    def __init__(self, criterion, level, payload):
        self._criterion, self._level = criterion, level
        words = criterion.prepare(level)
        if payload is None:
            words = [self._by_entry(word) for word in words]
            payload = level.entries
        self.words, self._before = words, []
        for word in words:
            before = None
            if not criterion.sums_to_zero:
                sums = word.take(payload).cumsum()
                before = np.zeros(len(level.sizes), np.int64)
                before[1:] = sums[level.ends[:-1]]
                before = before.take(level.owner)
            self._before.append(before)
        self._min_weight = None
        if level.min_weight is not None:
            self._min_weight = criterion.min_weight(level.min_weight).take(level.owner)

    def _by_entry(self, word):
        """Statistics per kind or per place of the level, as a table over entries."""
        kinds, entries = self._criterion.kinds, self._level.entries
        if kinds is not None:
            return word.take(kinds)
        table = np.empty(self._criterion.n_entries, np.int64)
        table[entries] = word
        return table

    def __call__(self, payload, candidates):
        """Gains (rows, m) of a piece's candidates."""
        sums = [self._running(word, before, payload) for word, before in zip(self.words, self._before)]
        few = np.count_nonzero(candidates)
        if few >= FEW * candidates.size:
            gains = self.gains(sums, lambda row: row)
            gains *= candidates
            return gains
        gains = np.zeros(candidates.shape)
        chosen = np.flatnonzero(candidates)
        if chosen.size:
            places = chosen - np.arange(0, candidates.size, candidates.shape[1]).repeat(candidates.sum(axis=1))
            sums = [s.ravel().take(chosen) for s in sums]
            gains.ravel()[chosen] = self.gains(sums, lambda row: row.take(places))
        return gains

    def gains(self, sums, take):
        """Gains from the sums on the left; ``take`` gets the values of a row of the level at the candidates' places."""
        gains, left = self._criterion.gains(sums, take)
        return gains if self._min_weight is None else self._only_heavy(gains, left, take)

    def _running(self, word, before, payload):
        sums = word.take(payload).cumsum(axis=1)
        if before is not None:
            sums -= before
        return sums

    def _only_heavy(self, gains, left, take):
        """Zero gains that leave too little weight on a side."""
        least = take(self._min_weight)
        left = take(self._level.left_count) if left is None else left
        return gains * ((left >= least) & (take(self._criterion.total_row) - left >= least))


def _candidates(ranks, level):
    """Where a split is possible: (rows, m), after this place, before a larger rank of the same node."""
    found = np.empty(ranks.shape, bool)
    np.not_equal(ranks[:, 1:], ranks[:, :-1], out=found[:, :-1])
    found[:, -1] = False
    found &= level.allowed
    return found


def _merge(pieces, first_twin):
    """Join small pieces; never the first copies of columns with the second ones."""
    merged = []
    for piece in pieces:
        fits = merged and merged[-1][1].size + piece[1].size <= CHUNK
        if fits and (merged[-1][0][0] < first_twin) == (piece[0][0] < first_twin):
            merged[-1] = tuple(np.concatenate(pair) for pair in zip(merged[-1], piece))
        else:
            merged.append(piece)
    return merged


def _draw(rng, n_nodes, n_features, size):
    """`size` different features for every node: the first steps of a Fisher-Yates shuffle, for all nodes at once."""
    pool = np.tile(np.arange(n_features), (n_nodes, 1))
    nodes = np.arange(n_nodes)
    for i, chance in enumerate(rng.random((size, n_nodes))):
        pick = i + (chance * (n_features - i)).astype(np.intp)
        chosen = pool[nodes, pick]
        pool[nodes, pick] = pool[:, i]
        pool[:, i] = chosen
    return np.ascontiguousarray(pool[:, :size])
