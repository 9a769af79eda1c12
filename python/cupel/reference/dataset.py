"""Tables of classes from the joint distribution of (given, true) labels, as lists of rows."""

from __future__ import annotations

from itertools import combinations, permutations

from cupel.reference._common import Float64s


def class_quality(
    joint: Float64s, num_examples: int
) -> list[tuple[int, int, int, float, float, float]]:
    """Rank the classes by label quality, the worst first.

    Rows: class, examples given it wrongly, examples of it given another class, both as shares of
    the class (which counts as at least 1e-6), and 1 - the first share.
    """
    rows = []
    for k in range(len(joint)):
        given, true = joint[k].sum(), joint[:, k].sum()
        wrong, missed = given - joint[k, k], true - joint[k, k]
        noise, inverse = wrong / max(given, 1e-6), missed / max(true, 1e-6)
        counts = round(wrong * num_examples), round(missed * num_examples)
        rows.append((k, *counts, float(noise), float(inverse), float(1 - noise)))
    return sorted(rows, key=lambda row: row[-1])


def class_overlaps(
    joint: Float64s, num_examples: int, asymmetric: bool
) -> list[tuple[int, int, int, float]]:
    """Pairs of classes, the ones mistaken most often first.

    Rows: class a, class b, examples given one whose true class is the other (``asymmetric``: given
    a whose true class is b), and their share.
    """
    classes = range(len(joint))
    if asymmetric:
        shares = {(a, b): joint[a, b] for a, b in permutations(classes, 2)}
    else:
        shares = {(a, b): joint[a, b] + joint[b, a] for a, b in combinations(classes, 2)}
    rows = [(a, b, round(p * num_examples), float(p)) for (a, b), p in shares.items()]
    return sorted(rows, key=lambda row: -row[-1])
