"""Random noise matrices, and labels made wrong by one.

The functions of cleanlab 2.9.0's module of this name. They draw from NumPy's global generator, the
one that `numpy.random.seed` sets, and in cleanlab's order, so that a seed gives the same numbers.
A noise matrix is [given, true]: its columns sum to 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cupel._arrays import as_array, as_numbers, at_position
from cupel.benchmarking._bounds import TOLERANCE, uniform, within_bounds

__all__ = [
    "generate_n_rand_probabilities_that_sum_to_m",
    "generate_noise_matrix_from_trace",
    "generate_noisy_labels",
    "noise_matrix_is_valid",
    "randomly_distribute_N_balls_into_K_bins",
]


def noise_matrix_is_valid(noise_matrix: ArrayLike, py: ArrayLike, *, verbose: bool = False) -> bool:
    r"""Tell whether the classes can be learned under this noise.

    True if :math:`p(\tilde y = i)\, p(y^* = i) < p(\tilde y = i, y^* = i)` for every class i: a
    given label says more than nothing about the true one.

    Parameters
    ----------
    noise_matrix : array_like of float, shape (k, k)
        Share of the examples of a true class (column) that are given a label (row).
    py : array_like of float, shape (k,)
        Share of each true class.
    verbose : bool, default False
        Print both sides of the comparison, class by class.

    Returns
    -------
    bool
        False also if `noise_matrix` and `py` make no distribution, that is, if
        ``noise_matrix * py`` does not sum to 1 within 1e-6.

    Raises
    ------
    TypeError, ValueError
        If an argument holds no numbers, or the shapes do not belong together.

    Notes
    -----
    O(k^2). Northcutt et al. (2021), section 2.

    Examples
    --------
    >>> from cupel.benchmarking.noise_generation import noise_matrix_is_valid
    >>> noise_matrix_is_valid([[0.9, 0.2], [0.1, 0.8]], [0.5, 0.5])
    True
    """
    noise, prior = as_numbers(noise_matrix, "noise_matrix"), as_numbers(py, "py")
    if noise.ndim != 2 or not prior.ndim or noise.shape[1] != prior.shape[0]:
        msg = f"noise_matrix {noise.shape} and py {prior.shape} must have shapes (k, k) and (k,)"
        raise ValueError(msg)
    given = np.dot(noise, prior)
    square = noise.shape[0] == noise.shape[1] and prior.ndim == 1
    if not square or abs(given.sum() - 1.0) > TOLERANCE:
        return False
    by_chance, together = given * prior, np.diagonal(noise) * prior
    informative = np.asarray(by_chance < together)
    if verbose:
        for i, (expected, found) in enumerate(zip(by_chance, together, strict=True)):
            line = f"class {i}: by chance {expected:.4f}, given and true {found:.4f}"
            print(line)  # noqa: T201 - asked for
            if not informative[i]:
                break
    return bool(informative.all())


def generate_noisy_labels(true_labels: ArrayLike, noise_matrix: ArrayLike) -> NDArray[Any]:
    """Give labels that are wrong as often as `noise_matrix` says.

    Parameters
    ----------
    true_labels : array_like of int, shape (n,)
        True class of each example; each class at least once.
    noise_matrix : array_like of float, shape (k, k)
        Share of the examples of a true class (column) that are given a label (row).

    Returns
    -------
    ndarray of the dtype of `true_labels`, shape (n,)
        Given labels. Of class j, ``int(noise_matrix[i, j] * count_of_j)`` random examples are
        labelled i; a class for which these are more than it has stays as it is.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong kind or value; if `noise_matrix` does not have a row and a
        column for each class in `true_labels`.

    Notes
    -----
    O(n + k^2).

    Examples
    --------
    >>> import numpy as np
    >>> from cupel.benchmarking.noise_generation import generate_noisy_labels
    >>> np.random.seed(0)
    >>> given = generate_noisy_labels([0] * 6 + [1] * 4, [[0.5, 0.0], [0.5, 1.0]])
    >>> np.bincount(given)
    array([3, 7])
    """
    labels, noise = (
        as_array(true_labels, "true_labels").copy(),
        as_numbers(noise_matrix, "noise_matrix"),
    )
    if labels.dtype.kind == "V":
        msg = f"true_labels must hold classes, got dtype {labels.dtype}; pass one of its fields"
        raise TypeError(msg)
    if labels.ndim != 1 or not noise.ndim:
        msg = (
            "true_labels and noise_matrix must have shapes (n,) and (k, k), got "
            f"{labels.shape} and {noise.shape}"
        )
        raise ValueError(msg)
    _check_shares(noise)
    n_classes = len(noise)
    members = _rows_of_classes(labels, n_classes)
    counts = np.array([len(rows) for rows in members if len(rows)])
    if counts.sum() != len(labels):  # values that are no classes count for the shape
        counts = _count_values(labels)
    if noise.shape != (n_classes, n_classes) or len(counts) not in (1, n_classes):
        msg = (
            f"noise_matrix has shape {noise.shape}, expected a row and a column for each of the "
            f"{len(counts)} classes in true_labels"
        )
        raise ValueError(msg)
    prior = counts / float(len(labels))
    # More flips than labels are as good as one more: the class stays as it is.
    flips = np.minimum(noise * prior * len(labels), len(labels) + 1).astype(int)
    np.fill_diagonal(flips, 0)
    for k, n_flips in enumerate(flips.sum(axis=0).tolist()):
        if 0 < n_flips <= len(members[k]):
            chosen = np.random.permutation(len(members[k]))[:n_flips]  # noqa: NPY002 - as cleanlab
            labels[members[k][chosen]] = np.repeat(np.arange(n_classes), flips[:, k])
    return labels


def _check_shares(noise: NDArray[Any]) -> None:
    good = np.isfinite(noise) & (noise >= -TOLERANCE)
    if not good.all():
        at = np.unravel_index(int(good.argmin()), noise.shape)
        msg = f"noise_matrix{at_position(at)} is {noise[at]}, expected a share of at least 0"
        raise ValueError(msg)


def _count_values(labels: NDArray[Any]) -> NDArray[np.int64]:
    try:
        return np.unique(labels, return_counts=True)[1]
    except TypeError as error:
        msg = f"true_labels must hold classes that can be sorted: {error}"
        raise TypeError(msg) from error


def _rows_of_classes(labels: NDArray[Any], n_classes: int) -> list[NDArray[np.int64]]:
    """Return the rows of each class; by a sort of 8 or 16 bits, which takes linear time."""
    whole = labels.dtype.kind in "iu" and labels.size > 0
    if not whole or labels.min() < 0 or labels.max() >= n_classes:
        return [np.flatnonzero(labels == k) for k in range(n_classes)]
    codes = labels.astype(np.min_scalar_type(n_classes))
    ends = np.bincount(codes, minlength=n_classes).cumsum()
    return np.split(np.argsort(codes, kind="stable"), ends[:-1])


def generate_noise_matrix_from_trace(
    K: int,
    trace: float,
    *,
    max_trace_prob: float = 1.0,
    min_trace_prob: float = 1e-5,
    max_noise_rate: float = 1 - 1e-5,
    min_noise_rate: float = 0.0,
    valid_noise_matrix: bool = True,
    py: ArrayLike | None = None,
    frac_zero_noise_rates: float = 0.0,
    seed: int | None = 0,
    max_iter: int = 10000,
) -> NDArray[np.float64] | None:
    """Draw a noise matrix whose diagonal sums to `trace`.

    Parameters
    ----------
    K : int
        Number of classes, at least 2.
    trace : float
        Sum of the diagonal; `K` is no noise.
    max_trace_prob, min_trace_prob : float
        Bounds of the entries on the diagonal.
    max_noise_rate, min_noise_rate : float
        Bounds of the entries off the diagonal that are not zero.
    valid_noise_matrix : bool, default True
        Draw again until `noise_matrix_is_valid`; needs a `trace` over 1.
    py : array_like of float, shape (K,), optional
        Share of each true class; needed for `valid_noise_matrix` with more than two classes.
    frac_zero_noise_rates : float, default 0
        Share of the entries off the diagonal that are zero.
    seed : int, optional
        Given to `numpy.random.seed` before drawing; None seeds from the system.
    max_iter : int, default 10000
        Matrices to try.

    Returns
    -------
    ndarray of float64, shape (K, K), or None
        Columns sum to 1; None if none of those tried is valid. With two classes the two bounds
        and `py` are not used, since `trace` leaves one number free.

    Raises
    ------
    ValueError
        If no matrix can have these properties.

    Notes
    -----
    O(K^2) for each matrix tried.

    Examples
    --------
    >>> from cupel.benchmarking.noise_generation import generate_noise_matrix_from_trace
    >>> noise = generate_noise_matrix_from_trace(3, 2.4, py=[0.3, 0.3, 0.4])
    >>> float(noise.trace().round(6)), noise.sum(axis=0).round(6).tolist()
    (2.4, [1.0, 1.0, 1.0])
    """
    if K <= 1:
        msg = f"K must be at least 2 classes, got {K}"
        raise ValueError(msg)
    if valid_noise_matrix and trace <= 1:
        msg = f"trace must be over 1 for a valid noise matrix, got {trace}; or valid_noise_matrix=False"
        raise ValueError(msg)
    if valid_noise_matrix and py is None and K > 2:
        msg = f"py, the share of each of the K={K} classes, is needed to tell a valid noise matrix"
        raise ValueError(msg)
    if max_iter < 1:
        return None
    np.random.seed(seed)  # noqa: NPY002 - the generator that cleanlab seeds
    if K == 2:
        return _two_class_matrix(trace, one_rate_zero=frac_zero_noise_rates >= 0.5)
    prior = np.asarray(py)
    n_zeros = max(0, int(K * (K - 1) * frac_zero_noise_rates))
    for _ in range(max_iter):
        diagonal = generate_n_rand_probabilities_that_sum_to_m(
            K, trace, max_prob=max_trace_prob, min_prob=min_trace_prob
        )
        zeros = randomly_distribute_N_balls_into_K_bins(
            n_zeros, K, max_balls_per_bin=K - 2, min_balls_per_bin=0
        )
        noise = np.diag(diagonal)
        wrong, n_rates = (1 - diagonal).tolist(), (K - 1 - zeros).tolist()
        for k in range(K):
            rates = generate_n_rand_probabilities_that_sum_to_m(
                n_rates[k], wrong[k], max_prob=max_noise_rate, min_prob=min_noise_rate
            )
            rows = np.random.permutation(K - 1)[: n_rates[k]]  # noqa: NPY002 - as above
            rows[rows >= k] += 1
            noise[rows, k] = rates[::-1]
        if not valid_noise_matrix or noise_matrix_is_valid(noise, prior):
            return noise
    return None


def _two_class_matrix(trace: float, *, one_rate_zero: bool) -> NDArray[np.float64]:
    if one_rate_zero:
        rate = 2 - trace
        if uniform() <= 0.5:
            return np.array([[trace - 1, 0.0], [rate, 1.0]])
        return np.array([[1.0, rate], [0.0, trace - 1]])
    first, second = generate_n_rand_probabilities_that_sum_to_m(2, trace)
    return np.array([[first, 1 - second], [1 - first, second]])


def generate_n_rand_probabilities_that_sum_to_m(
    n: int, m: float, *, max_prob: float = 1.0, min_prob: float = 0.0
) -> NDArray[np.float64]:
    """Draw `n` numbers that sum to `m`.

    Parameters
    ----------
    n : int
        How many.
    m : float
        Their sum.
    max_prob, min_prob : float
        Their bounds.

    Returns
    -------
    ndarray of float64, shape (n,)
        Uniform among all such numbers, after which those that are out of bounds trade with those
        that are farthest from it.

    Raises
    ------
    ValueError
        If no such numbers exist.

    Notes
    -----
    O(n log n).

    Examples
    --------
    >>> from cupel.benchmarking.noise_generation import generate_n_rand_probabilities_that_sum_to_m
    >>> numbers = generate_n_rand_probabilities_that_sum_to_m(5, 2, max_prob=0.6)
    >>> float(numbers.sum().round(6)), bool(numbers.max() < 0.600002)
    (2.0, True)
    """
    if n == 0:
        return np.array([])
    mean = m / n
    if max_prob + TOLERANCE < mean or min_prob - TOLERANCE > mean:
        msg = (
            f"{n} numbers between min_prob={min_prob} and max_prob={max_prob} cannot sum to m={m}: "
            f"their mean is {mean}"
        )
        raise ValueError(msg)
    # What numpy.random.dirichlet(numpy.ones(n)) draws, to the bit, without its checks.
    raw = np.random.standard_exponential(n)  # noqa: NPY002 - the generator that users seed
    numbers = raw * (1.0 / raw.cumsum()[-1]) * m
    if m <= max_prob and min_prob <= 0:
        return np.asarray(numbers)  # no need to look for the extremes
    if numbers.max() > max_prob + TOLERANCE or numbers.min() < min_prob - TOLERANCE:
        return within_bounds(numbers.tolist(), float(max_prob), float(min_prob))
    return np.asarray(numbers)


def randomly_distribute_N_balls_into_K_bins(
    N: int,
    K: int,
    *,
    max_balls_per_bin: int | None = None,
    min_balls_per_bin: int | None = None,
) -> NDArray[np.int64]:
    """Draw `K` counts that sum to `N`.

    Parameters
    ----------
    N : int
        Balls; those for which there is no room are left out.
    K : int
        Bins.
    max_balls_per_bin, min_balls_per_bin : int, optional
        Bounds of the counts, at most `N` and ``N / K``; rounding may pass them.

    Returns
    -------
    ndarray of int64, shape (K,)
        Balls in each bin.

    Raises
    ------
    ZeroDivisionError
        If there are balls, but no bin with room.

    Notes
    -----
    O(K log K).

    Examples
    --------
    >>> from cupel.benchmarking.noise_generation import randomly_distribute_N_balls_into_K_bins
    >>> balls = randomly_distribute_N_balls_into_K_bins(7, 3, max_balls_per_bin=4)
    >>> int(balls.sum()), balls.shape
    (7, (3,))
    """
    if N == 0:
        return np.zeros(K, dtype=np.int64)
    most = N if max_balls_per_bin is None else min(max_balls_per_bin, N)
    balls = int(min(N, K * most))
    if balls <= 0:
        msg = f"{N} balls do not fit into K={K} bins of max_balls_per_bin={max_balls_per_bin}"
        raise ZeroDivisionError(msg)
    least = 0 if min_balls_per_bin is None else min(min_balls_per_bin, N / K)
    shares = generate_n_rand_probabilities_that_sum_to_m(
        K, 1, max_prob=most / balls, min_prob=least / balls
    )
    counts = np.rint(shares * balls).astype(np.int64)
    missing = balls - int(counts.sum())
    for _ in range(abs(missing)):
        if missing > 0:
            counts[counts.argmin()] += 1
        else:
            counts[counts.argmax()] -= 1
    return counts
