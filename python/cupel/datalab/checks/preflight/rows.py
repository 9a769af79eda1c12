"""Whether row i of the predictions and label i belong to the same example."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cupel.datalab.checks.preflight.features import Relations
from cupel.datalab.checks.preflight.sample import Sample, class_codes
from cupel.datalab.checks.preflight.warning import (
    Floats,
    Ints,
    PreflightWarning,
    quantile,
)

__all__ = ["MAX_LAG", "Windows", "check_lags", "check_order", "class_signals", "number_signals"]

MAX_LAG = 1000
_BLOCKS = 8
_ROWS_OF_BLOCK = 1024
_FEWEST_ROWS_OF_BLOCK = 30
_FEWEST_INFORMATIVE = 40
_SMALLEST_SLOPE = 0.1
# A model is believed to be honest if labels bear out this share of what it claims.
_HONEST_SLOPE = 0.3
# Variance of predictions that say the same of every example, up to the cross-validation's folds.
_NEXT_TO_NOTHING = 1e-4


@dataclass(frozen=True, eq=False)
class Windows:
    """Blocks of consecutive rows, evenly spaced, and how far lags go."""

    starts: Ints
    length: int
    reach: int

    @classmethod
    def over(cls, n: int) -> Windows:
        """Cover n rows: all of them if there are at most 8,192."""
        blocks = int(np.clip(n // _FEWEST_ROWS_OF_BLOCK, 1, _BLOCKS))
        length = min(_ROWS_OF_BLOCK, n // blocks)
        starts = (np.arange(blocks) * (n - length)) // max(blocks - 1, 1)
        return cls(starts, length, min(MAX_LAG, (n - 1) // 2))

    def rows(self) -> Ints:
        """Rows of the blocks, shape (blocks, length)."""
        return self.starts[:, None] + np.arange(self.length)

    def labels(self, n: int) -> Ints:
        """Rows within reach of each block; the end is followed by the start, as in a roll."""
        wide = np.arange(-self.reach, self.length + self.reach)
        return (self.starts[:, None] + wide) % n


def class_signals(
    given: Ints | Floats, matrix: Floats, usable: NDArray[np.bool_], sample: Sample
) -> tuple[Windows, Floats, Floats]:
    """Make series of labels and probabilities that go up and down together.

    Returns
    -------
    windows : Windows
        Which rows.
    predicted, given : ndarray of float64
        As `check_lags` takes them.
    """
    n, k = matrix.shape
    windows, codes = Windows.over(n), class_codes(k)
    length = windows.length
    # Products of 16 rows are too small for BLAS to start threads, which cost more than they save.
    slab = 16 if length % 16 == 0 else length
    slabs = [matrix[s : s + length].reshape(-1, slab, k) @ codes for s in windows.starts]
    predicted = np.stack(slabs).reshape(len(slabs), length, -1) - sample.means @ codes
    predicted[~usable[windows.rows()]] = 0
    wide, mean = windows.labels(n), sample.shares @ codes
    if given.ndim == 1:
        known = (given >= 0) & (given < k)
        coded = codes[np.where(known, given, 0)[wide]] - mean
        coded[~known[wide]] = 0
        return windows, predicted, coded
    return windows, predicted, given[wide] @ codes - mean


def number_signals(given: Floats, predicted: Floats) -> tuple[Windows, Floats, Floats]:
    """Make series of numbers and their predictions, centred; nan counts for nothing."""
    windows = Windows.over(len(given))
    lifts = (np.nan_to_num(v - np.nanmean(v))[:, None] for v in (predicted, given))
    series = [lift / max(float(lift.std()), 1e-300) for lift in lifts]
    return windows, series[0][windows.rows()], series[1][windows.labels(len(given))]


def check_lags(
    windows: Windows, predicted: Floats, given: Floats, n: int
) -> PreflightWarning | None:
    """Look for a lag at which predictions agree with labels, and better than without.

    Also finds predictions that are shifted from some row on. The agreement at one lag is compared
    with its own spread over all other lags, which holds for rows in any order: where labels come
    in long runs, all lags agree, and none stands out.

    Parameters
    ----------
    windows : Windows
        Which rows these are.
    predicted : ndarray of float64, shape (blocks, length, r)
        Series made of the predictions, of mean 0.
    given : ndarray of float64, shape (blocks, length + 2 reach, r)
        Series made of the labels, of mean 0.
    n : int
        Rows of the data set.
    """
    if n < 2 * _FEWEST_INFORMATIVE:
        return None
    sums = _correlations(predicted, given, windows.reach)
    sums = sums - np.median(sums, axis=1, keepdims=True)
    squares = (predicted**2).sum(axis=2)
    claimed = _from_block_on(squares.sum(axis=1))
    fourth = _from_block_on((squares**2).sum(axis=1))
    informative = claimed**2 / np.maximum(fourth, 1e-300)
    variances = _from_block_on(_variances(sums))
    return _standing_out(_from_block_on(sums), variances, claimed, informative, windows, n)


def _correlations(predicted: Floats, given: Floats, reach: int) -> Floats:
    """Sum predicted[i] * given[i + lag] over each block, for lags from -reach to reach."""
    length = _fast_length(given.shape[1])
    # Series side by side, each in one piece, transform several times as fast.
    series = (np.ascontiguousarray(x.swapaxes(1, 2), dtype=np.float32) for x in (predicted, given))
    ours, theirs = (np.fft.rfft(x, length) for x in series)
    spectrum = (ours.conj() * theirs).sum(axis=1)
    sums: Floats = np.fft.irfft(spectrum, length)[:, : 2 * reach + 1].astype(np.float64)
    return sums


def _fast_length(n: int) -> int:
    """Return the next length that is a power of two, or 5/8 or 3/4 of one."""
    power = 1 << (n - 1).bit_length()
    return next((size for size in (power * 5 // 8, power * 3 // 4) if size >= n), power)


def _from_block_on(values: Floats) -> Floats:
    """Sum over a block and all that follow it."""
    sums: Floats = np.cumsum(values[::-1], axis=0)[::-1]
    return sums


def _variances(sums: Floats) -> Floats:
    """Variance over lags, without the two greatest: those of the shift and of no shift."""
    usual = np.partition(sums, sums.shape[1] - 2, axis=1)[:, :-2]
    variances: Floats = usual.var(axis=1)
    return variances


def _standing_out(
    sums: Floats,
    variances: Floats,
    claimed: Floats,
    informative: Floats,
    windows: Windows,
    n: int,
) -> PreflightWarning | None:
    reach, needed = windows.reach, quantile(sums.size)
    deviations = np.sqrt(np.maximum(variances, 1e-300))[:, None]
    gains = (sums - sums[:, reach : reach + 1]) / (np.sqrt(2) * deviations)
    slopes = sums / np.maximum(claimed, 1e-300)[:, None]
    stands_out = (
        (gains >= needed)
        & (sums / deviations >= needed)
        & (slopes >= _SMALLEST_SLOPE)
        & (slopes - slopes[:, reach : reach + 1] >= _SMALLEST_SLOPE)
        & (informative >= _FEWEST_INFORMATIVE)[:, None]
    )
    if not stands_out.any():
        return None
    block, place = np.unravel_index(int(np.where(stands_out, gains, -np.inf).argmax()), gains.shape)
    return _shifted(
        int(place) - reach,
        slopes[block, place],
        slopes[block, reach],
        (sums / deviations)[block, place],
        int(windows.starts[block]),
        n,
    )


def _shifted(
    lag: int, slope: float, slope_here: float, z: float, start: int, n: int
) -> PreflightWarning:
    # The block in which a shift starts is known, the row is not.
    where = "" if start < n // _BLOCKS else f" from about row {start} on"
    message = (
        f"rows of pred_probs are shifted against the labels{where}: they agree with labels "
        f"{abs(lag)} {'row' if abs(lag) == 1 else 'rows'} {'after' if lag > 0 else 'before'} "
        f"({slope:.2f} of what they claim, {z:.0f} standard deviations above other lags), not with "
        f"those of their own row ({slope_here:.2f}); look for a header or an example that was "
        "dropped or read twice, or align the rows by an id"
    )
    figures = {
        "lag": lag,
        "from_row": start if where else 0,
        "slope_at_lag": float(slope),
        "slope_in_place": float(slope_here),
        "z": float(z),
    }
    return PreflightWarning("shifted_rows", message, "error", figures=figures)


def check_order(
    slope: float,
    deviation: float,
    claimed: float,
    n: int,
    relations: Relations | None = None,
) -> PreflightWarning | None:
    """Look for predictions that claim a lot and have nothing to do with the labels.

    Parameters
    ----------
    slope, deviation, claimed : float
        As `Sample.agreement` returns them.
    n : int
        Rows they were computed from.
    relations : Relations, optional
        How alike neighbours by the features are: where their predictions are not, these are not
        made from the features, however little they claim.
    """
    z = slope / deviation
    bound = slope + 2 * deviation
    if z >= quantile(1) or claimed < _NEXT_TO_NOTHING or not _is_out_of_place(bound, relations):
        return None
    which = ""
    if relations is not None:
        alike, labels_alike = relations.predictions, relations.labels
        which = (
            f" By the features, neighbours are alike in their predictions to {alike.share:.3f} "
            f"(1: equal, 0: chance) and in their labels to {labels_alike.share:.3f}: "
            + _which_is_off(alike.is_chance, labels_alike.is_chance)
        )
    message = (
        f"pred_probs have nothing to do with the labels: of what they claim (standard deviation "
        f"{np.sqrt(claimed):.2g}) labels bear out {slope:.3f}, at most {max(bound, 0):.2f} "
        f"({n:,} rows, z = {z:.1f}), and at no lag more.{which} Rows are shuffled, or the model "
        "learnt nothing and is sure of it: align the rows by an id, or train again"
    )
    figures = {
        "slope": float(slope),
        "upper_bound": float(bound),
        "z": float(z),
        "num_sampled": n,
    }
    return PreflightWarning("shuffled_rows", message, "error", figures=figures)


def _is_out_of_place(bound: float, relations: Relations | None) -> bool:
    """Tell rows out of place from a model that is bad, but made from these features."""
    if relations is None:
        return bound < _HONEST_SLOPE
    labels, predictions = relations.labels.is_chance, relations.predictions.is_chance
    return predictions or (labels and bound < _HONEST_SLOPE)


def _which_is_off(predictions: bool, labels: bool) -> str:
    if predictions and not labels:
        return "it is the predictions that are out of place."
    if labels and not predictions:
        return "it is the labels that are out of place."
    return "the features do not tell which is out of place."
