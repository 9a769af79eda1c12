from collections.abc import Callable
from typing import Any, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

_Ints: TypeAlias = NDArray[np.int64]
_Floats: TypeAlias = NDArray[np.float64]
_Progress: TypeAlias = Callable[[float], object] | None

__version__: str

def available_isas() -> list[str]: ...
def active_isa() -> str: ...
def select_isa(name: str) -> None: ...
def check_probabilities(pred_probs: NDArray[Any], threads: int) -> None: ...
def finite_rows(pred_probs: NDArray[Any], threads: int) -> NDArray[np.bool_]: ...
def class_thresholds(
    labels: NDArray[Any], pred_probs: NDArray[Any], check_all: bool, threads: int
) -> tuple[_Floats, bool, _Ints]: ...
def confident_joint(
    labels: NDArray[Any],
    pred_probs: NDArray[Any],
    thresholds: _Floats,
    of_matrix_type: bool,
    argmax_of_confident: bool,
    threads: int,
) -> tuple[_Ints, NDArray[np.uint8]]: ...
def argmax(pred_probs: NDArray[Any], threads: int) -> _Ints: ...
def calibrate_confident_joint(
    confident_joint: _Ints | _Floats, label_counts: _Ints
) -> tuple[_Ints, float, _Ints]: ...
def estimate_latent(
    confident_joint: _Floats, label_counts: _Ints, py_method: int, converge: bool
) -> tuple[_Floats, _Floats, _Floats]: ...
def find_label_issues(
    labels: NDArray[Any],
    pred_probs: NDArray[Any],
    filter_by: int,
    argmax_of_confident: bool,
    threads: int,
) -> NDArray[np.bool_]: ...
def prune_candidates(
    labels: NDArray[Any],
    pred_probs: NDArray[Any],
    mask: NDArray[np.bool_],
    confident_joint: _Ints | _Floats,
    label_counts: _Ints,
    filter_by: int,
    frac_noise: float,
    num_to_remove_per_class: _Floats | None,
    min_examples_per_class: int,
    threads: int,
) -> None: ...
def fit_noise_model(
    labels: NDArray[Any],
    pred_probs: NDArray[Any],
    thresholds: _Floats,
    confident_joint: _Floats,
    threads: int,
) -> tuple[_Floats, _Floats, float]: ...
def label_posteriors(
    labels: NDArray[Any],
    pred_probs: NDArray[Any],
    thresholds: _Floats,
    noise_matrix: _Floats,
    temperature: float,
    threads: int,
) -> tuple[_Floats, _Floats, _Ints, _Floats]: ...
def true_label_probs(
    labels: NDArray[Any],
    pred_probs: NDArray[Any],
    thresholds: _Floats,
    noise_matrix: _Floats,
    temperature: float,
    threads: int,
) -> _Floats: ...
def expected_errors(
    labels: NDArray[Any], error_probability: _Floats, classes: int
) -> tuple[_Floats, _Floats]: ...
def label_quality_scores(
    labels: NDArray[Any],
    pred_probs: NDArray[Any],
    method: int,
    thresholds: _Floats | None,
    of_matrix_type: bool,
    rows: _Ints | None,
    threads: int,
) -> NDArray[Any]: ...
def lowest_first(scores: NDArray[Any], count: int) -> _Ints: ...
def log_loss(labels: NDArray[Any], pred_probs: NDArray[Any], threads: int) -> float: ...
def knn_self(
    features: NDArray[Any], metric: int, k: int, threads: int, progress: _Progress
) -> tuple[_Floats, _Ints]: ...
def knn_approximate(
    features: NDArray[Any],
    metric: int,
    k: int,
    target_recall: float,
    seed: int,
    threads: int,
    progress: _Progress,
) -> tuple[_Floats, _Ints, float, float, float, int, int]: ...
def knn_query(
    features: NDArray[Any],
    queries: NDArray[Any],
    metric: int,
    k: int,
    threads: int,
    progress: _Progress,
) -> tuple[_Floats, _Ints]: ...
def radius_pairs(
    features: NDArray[Any], metric: int, radius: float, threads: int, progress: _Progress
) -> tuple[_Ints, _Floats]: ...
def radius_groups(
    features: NDArray[Any], metric: int, radius: float, threads: int, progress: _Progress
) -> _Ints: ...
def identical_rows(features: NDArray[Any], threads: int) -> _Ints: ...
def first_nonfinite_row(features: NDArray[Any], threads: int) -> int: ...

class Scorer:
    @overload
    def __init__(
        self,
        thresholds: _Floats,
        of_matrix_type: bool,
        method: int,
        adjust: bool,
        argmax_of_confident: bool,
    ) -> None: ...
    @overload
    def __init__(
        self,
        scale: _Floats,
        noise_matrix: _Floats,
        temperature: float,
        thresholds: _Floats,
        of_matrix_type: bool,
        argmax_of_confident: bool,
    ) -> None: ...
    def score(self, label: int, pred_probs: NDArray[Any]) -> float: ...
    def check(self, label: int, pred_probs: NDArray[Any]) -> tuple[float, bool, int, int]: ...

# data_valuation

# multiannotator

# multilabel_classification

# object_detection

# regression

# segmentation

# token_classification
