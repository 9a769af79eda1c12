from collections.abc import Callable, Sequence
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
def knn_shapley_sums(labels: _Ints, neighbors: NDArray[Any], k: int, threads: int) -> _Ints: ...
def identical_neighbors_first(neighbors: _Ints, lowest: _Ints) -> _Ints: ...

# datalab

def gap_statistics(
    indices: _Ints, k: int, seed: int, permutations: int, threads: int
) -> _Floats: ...
def gap_scores(indices: _Ints, k: int, threads: int) -> _Floats: ...
def density_clusters(
    distances: _Floats, indices: _Ints, k: int, radius: float, min_samples: int
) -> _Ints: ...
def near_duplicates(
    distances: _Floats, indices: _Ints, k: int, bound: float
) -> tuple[list[_Ints], _Ints]: ...

# multiannotator

class Annotations:
    def __init__(self, labels: _Floats, threads: int) -> None: ...
    @property
    def n_classes(self) -> int: ...
    def class_totals(self) -> _Ints: ...
    def label_counts(self, by_annotator: bool) -> _Ints: ...
    def of_annotator(self, annotator: int) -> tuple[_Ints, _Ints]: ...
    def majority_vote(
        self, pred_probs: _Floats | None, n_classes: int, threads: int
    ) -> tuple[_Ints, _Ints, NDArray[np.uint64], _Ints]: ...
    def peer_agreement(self, threads: int) -> tuple[_Ints, _Ints]: ...
    def fit_consensus(
        self, models: Sequence[_Floats], consensus: _Ints, n_classes: int, threads: int
    ) -> tuple[_Floats, float, int, _Ints, _Ints]: ...
    def posterior(
        self,
        models: Sequence[_Floats],
        annotator_weights: _Floats,
        model_weights: _Floats,
        right: float,
        wrong: float,
        threads: int,
    ) -> _Floats: ...
    def label_shares(self, n_classes: int, packed: bool, threads: int) -> _Floats: ...
    def best_temperature(self, pred_probs: _Floats, packed: bool, threads: int) -> float: ...
    def weight_sums(self, weights: _Floats, threads: int) -> _Floats: ...
    def label_scores(self, pred_probs: _Floats, threads: int) -> _Floats: ...
    def spread_scores(self, scores: _Floats, threads: int) -> _Floats: ...
    def summarize(
        self, consensus: _Ints, quality: _Floats, scores: _Floats, n_classes: int, threads: int
    ) -> tuple[_Floats, _Floats, _Floats, _Ints]: ...

def leading_classes(pred_probs: _Floats, fallback: _Ints, threads: int) -> _Ints: ...
def temper(pred_probs: _Floats, temperature: float, threads: int) -> _Floats: ...

# multilabel_classification

def read_label_lists(labels: object, rows: int, classes: int) -> NDArray[np.uint8] | None: ...
def count_answers(
    labels: NDArray[np.uint8], pred_probs: NDArray[Any], threads: int
) -> tuple[_Ints, _Ints, NDArray[np.uint8]]: ...
def flag_other_answers(
    labels: NDArray[np.uint8], pred_probs: NDArray[Any], bonus: float, threads: int
) -> NDArray[np.uint8]: ...
def prune_answers(
    labels: NDArray[np.uint8],
    pred_probs: NDArray[Any],
    flags: NDArray[np.uint8],
    confident_joint: _Floats,
    label_counts: _Ints,
    filter_by: int,
    frac_noise: float,
    num_to_remove: _Floats | None,
    min_examples_per_class: int,
    threads: int,
) -> None: ...
def flag_lowest_answers(
    labels: NDArray[np.uint8],
    pred_probs: NDArray[Any],
    flags: NDArray[np.uint8],
    method: int,
    only_candidates: bool,
    threads: int,
) -> None: ...
def keep_flags(flags: NDArray[np.uint8], wanted: int, threads: int) -> None: ...
def any_answer(flags: NDArray[np.uint8], threads: int) -> NDArray[np.bool_]: ...
def answer_scores(
    labels: NDArray[np.uint8], pred_probs: NDArray[Any], method: int, adjust: bool, threads: int
) -> _Floats: ...
def multilabel_scores(
    labels: NDArray[np.uint8],
    pred_probs: NDArray[Any],
    method: int,
    adjust: bool,
    aggregation: int,
    parameter: float,
    threads: int,
) -> _Floats: ...
def aggregate_scores(
    scores: _Floats, aggregation: int, parameter: float, threads: int
) -> _Floats: ...

# object_detection
_Boxes: TypeAlias = tuple[_Floats, _Ints, _Ints, _Floats, _Ints, _Ints]

def box_similarities(boxes: _Boxes, alpha: float, threads: int) -> tuple[_Floats, _Floats]: ...
def box_scores(
    boxes: _Boxes,
    alpha: float,
    low_probability: float,
    high_probability: float,
    overlapping_label_check: bool,
    iou: _Floats | None,
    similarity: _Floats | None,
    floors: _Floats | None,
    threads: int,
) -> tuple[_Floats, _Floats, _Floats, float]: ...
def pool_box_scores(
    scores: _Floats, offsets: _Ints, temperature: float, threads: int
) -> _Floats: ...
def class_metrics(
    boxes: _Boxes, classes: int, threads: int
) -> tuple[_Ints, _Floats, _Ints, _Ints]: ...

# regression
def mean_nearest_distances(x: _Floats, y: _Floats, k: int, threads: int) -> _Floats: ...

# segmentation
def pixel_issues(
    labels: NDArray[Any],
    pred_probs: NDArray[Any],
    images_per_batch: int,
    downsample: int,
    threads: int,
) -> NDArray[np.bool_]: ...
def pixel_scores(
    labels: NDArray[Any], pred_probs: NDArray[Any], as_double: bool, threads: int
) -> NDArray[Any]: ...
def softmin_of_images(scores: _Floats, temperature: float, threads: int) -> _Floats: ...
def count_pixel_issues(
    labels: NDArray[Any], pred_probs: NDArray[Any], issues: NDArray[np.bool_], threads: int
) -> _Ints: ...
def pixel_issues_of_class(
    labels: NDArray[Any],
    pred_probs: NDArray[Any],
    issues: NDArray[np.bool_],
    class_index: int,
    threads: int,
) -> NDArray[np.bool_]: ...

# token_classification
def sentence_scores(
    scores: NDArray[Any], offsets: _Ints, temperature: float, threads: int
) -> NDArray[Any]: ...
def unzip_issues(issues: Sequence[Any]) -> tuple[_Ints, _Ints]: ...
def codes_at(rows: Sequence[Any], sentences: _Ints, tokens: _Ints) -> tuple[list[Any], _Ints]: ...
def integers_at(rows: Sequence[Any], sentences: _Ints, tokens: _Ints) -> _Ints: ...
def rows_at(matrices: Sequence[Any], sentences: _Ints, tokens: _Ints) -> NDArray[Any]: ...
def flatten_integers(rows: Sequence[Any], count: int) -> _Ints | None: ...
