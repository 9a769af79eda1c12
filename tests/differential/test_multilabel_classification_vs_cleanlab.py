"""cupel.multilabel_classification against cleanlab 2.9.0's package of that name."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import numpy as np
import pytest

from compare import assert_same_order_up_to_ties
from cupel import count
from multilabel_classification_data import problem_of
from tables import assert_same_tables

pytest.importorskip("cleanlab")
pytest.importorskip("pandas")

PRUNING = ("prune_by_noise_rate", "prune_by_class", "both")
LOWEST = ("low_normalized_margin", "low_self_confidence")
FILTERS = (*PRUNING, "confident_learning", "predicted_neq_given", *LOWEST)
SCORES = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")
NAMES = ["cat", "dog", "emu", "fox"]
TABLES = {
    "common_multilabel_issues": "Issue Probability",
    "rank_classes_by_multilabel_quality": "Label Quality Score",
}

PROBLEMS = [
    problem_of(n, k, seed, dtype)
    for n, k, seed, dtype in (
        (300, 4, 0, "float64"),
        (700, 4, 1, "float32"),
        (40, 4, 2, "float64"),
        (9, 4, 3, "float64"),
        (150, 2, 4, "float64"),
        (60, 17, 5, "float32"),
    )
]
problems = pytest.mark.parametrize("problem", PROBLEMS, ids=range(len(PROBLEMS)))


def real_problem() -> tuple[list[list[int]], Any]:
    """Digits as a multi-label problem: even, above four, divisible by three; some answers flipped."""
    datasets = pytest.importorskip("sklearn.datasets")
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict

    x, digit = datasets.load_digits(return_X_y=True)
    x, digit = x[:600] / 16, digit[:600]
    truth = np.stack([digit % 2 == 0, digit > 4, digit % 3 == 0], axis=1)
    given = truth ^ (np.random.default_rng(0).random(truth.shape) < 0.05)
    model = LogisticRegression(max_iter=500)
    columns = [cross_val_predict(model, x, y, cv=3, method="predict_proba")[:, 1] for y in given.T]
    return [np.flatnonzero(row).tolist() for row in given], np.stack(columns, axis=1)


def pair(name: str, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    """What cupel's function returns, and what cleanlab's does."""
    module, _, function = f"multilabel_classification.{name}".rpartition(".")
    theirs_only = {"n_jobs": 1} if module.endswith("filter") else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, theirs = (
            getattr(importlib.import_module(f"{package}.{module}"), function)(*args, **options)
            for package, options in (
                ("cupel", kwargs),
                ("cleanlab", {**kwargs, **theirs_only}),
            )
        )
    return ours, theirs


def assert_same_frames(ours: Any, theirs: Any, key: str) -> None:
    rows_by = ["Class Index", *(c for c in theirs.columns if c == "In Given Label")]
    assert_same_tables(ours, theirs, key, rows_by)


class TestRank:
    @problems
    @pytest.mark.parametrize("method", SCORES)
    def test_methods(self, problem: Any, method: str) -> None:
        for name in ("get_label_quality_scores", "rank.get_label_quality_scores_per_class"):
            for adjust in (False, True) if method in SCORES[:2] else (False,):
                ours, theirs = pair(name, *problem, method=method, adjust_pred_probs=adjust)
                assert ours.dtype == theirs.dtype
                atol = 1e-6 if problem[1].dtype == np.float64 else 1e-4
                np.testing.assert_allclose(ours, theirs, rtol=0, atol=atol)

    @problems
    @pytest.mark.parametrize(
        "aggregator",
        [
            {},
            None,
            {"method": "exponential_moving_average"},
            {"method": "exponential_moving_average", "alpha": None},
            {"method": "exponential_moving_average", "alpha": 0},
            {"method": "exponential_moving_average", "alpha": 1, "other": 3},
            {"method": "softmin"},
            {"method": "softmin", "temperature": 0.5, "axis": 0},
            {"method": "softmin", "temperature": 0},
            {"method": "softmin", "temperature": -1},
            {"method": np.mean},
            {"method": np.quantile, "q": 0.3},
            {"method": np.min, "axis": 0},
        ],
        ids=str,
    )
    def test_aggregators(self, problem: Any, aggregator: Any) -> None:
        ours, theirs = pair("rank.get_label_quality_scores", *problem, aggregator_kwargs=aggregator)
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)

    @pytest.mark.parametrize(
        "arguments",
        [
            {"method": "nonsense"},
            {"method": SCORES[2], "adjust_pred_probs": True},
            {"aggregator_kwargs": {"method": "nonsense"}},
            {"aggregator_kwargs": {"alpha": 0.5}},
            {"aggregator_kwargs": {"method": 3}},
            {"aggregator_kwargs": {"method": "exponential_moving_average", "alpha": 1.5}},
            {"labels": [[], []] * 150},
            {"labels": [[0, 1, 2, 3]] * 300},
            {"labels": [[0], [4]] * 150},
            {"labels": [0, 1] * 150},
            {"labels": np.ones((300, 4), dtype=int)},
            {"labels": [[0], [1]]},
            {"labels": None},
            {"pred_probs": np.full((300, 4), 1.5)},
        ],
        ids=str,
    )
    def test_refusals(self, arguments: Any) -> None:
        labels, pred_probs = PROBLEMS[0]
        kwargs = {"labels": labels, "pred_probs": pred_probs, **arguments}
        name = "multilabel_classification.rank"
        with pytest.raises(Exception) as theirs:  # noqa: PT011 - whatever cleanlab raises
            importlib.import_module(f"cleanlab.{name}").get_label_quality_scores(**kwargs)
        with pytest.raises(theirs.type):
            importlib.import_module(f"cupel.{name}").get_label_quality_scores(**kwargs)


class TestFilter:
    @problems
    @pytest.mark.parametrize("filter_by", FILTERS)
    def test_masks(self, problem: Any, filter_by: str) -> None:
        for name in ("find_label_issues", "find_multilabel_issues_per_class"):
            ours, theirs = pair(f"filter.{name}", *problem, filter_by=filter_by)
            assert ours.dtype == theirs.dtype == np.bool_
            np.testing.assert_array_equal(ours, theirs)

    @pytest.mark.parametrize("filter_by", PRUNING)
    def test_options(self, filter_by: str) -> None:
        problem = PROBLEMS[0]
        joint = count.compute_confident_joint(*problem, multi_label=True)
        for options in (
            {"num_to_remove_per_class": [3, 0, 7, 2]},
            {"frac_noise": 0.5, "min_examples_per_class": 100},
            {"confident_joint": joint * 2},
            {"confident_joint": np.full((4, 4), 9)},
        ):
            for name in ("find_label_issues", "find_multilabel_issues_per_class"):
                masks = pair(f"filter.{name}", *problem, filter_by=filter_by, **options)
                np.testing.assert_array_equal(*masks)

    @problems
    @pytest.mark.parametrize("by", SCORES)
    def test_ranked(self, problem: Any, by: str) -> None:
        scores = pair("rank.get_label_quality_scores", *problem, method=by)[0]
        for filter_by in FILTERS[:5]:
            ours, theirs = pair(
                "filter.find_label_issues",
                *problem,
                filter_by=filter_by,
                return_indices_ranked_by=by,
            )
            assert ours.dtype == theirs.dtype
            assert_same_order_up_to_ties(ours, theirs, scores.round(6))

    @problems
    @pytest.mark.parametrize("adjust", [False, True])
    def test_ranked_per_class(self, problem: Any, adjust: bool) -> None:
        options = {"adjust_pred_probs": adjust}
        scores = pair("rank.get_label_quality_scores_per_class", *problem, **options)[0]
        for filter_by in FILTERS:
            ours, theirs = pair(
                "filter.find_multilabel_issues_per_class",
                *problem,
                filter_by=filter_by,
                return_indices_ranked_by="self_confidence",
                rank_by_kwargs=options,
            )
            for parts in (ours, theirs):
                assert [type(part) for part in parts] == [list] * 3
            for c, (our, their) in enumerate(zip(ours[0], theirs[0], strict=True)):
                assert_same_order_up_to_ties(our, their, scores[:, c].round(6))
            for our_list, their_list in zip(ours[1:], theirs[1:], strict=True):
                for our, their in zip(our_list, their_list, strict=True):
                    assert our.dtype == their.dtype
                    np.testing.assert_array_equal(our, their)

    @problems
    def test_low_memory(self, problem: Any) -> None:
        for name in ("find_label_issues", "find_multilabel_issues_per_class"):
            masks = pair(f"filter.{name}", *problem, low_memory=True)
            np.testing.assert_array_equal(*masks)
        options = {"low_memory": True, "return_indices_ranked_by": SCORES[1]}
        per_class = pair("filter.find_multilabel_issues_per_class", *problem, **options)
        for our, their in zip(per_class[0][0], per_class[1][0], strict=True):
            np.testing.assert_array_equal(our, their)
        scores = pair("rank.get_label_quality_scores", *problem, method=SCORES[1])[0]
        lists = pair("filter.find_label_issues", *problem, **options)
        assert_same_order_up_to_ties(*lists, scores.round(6))

    @pytest.mark.parametrize("filter_by", LOWEST)
    def test_lowest_are_the_same_examples_in_the_order_of_the_score(self, filter_by: str) -> None:
        for problem in PROBLEMS[:2]:
            for by in SCORES[:2]:
                ours, theirs = pair(
                    "filter.find_label_issues",
                    *problem,
                    filter_by=filter_by,
                    return_indices_ranked_by=by,
                )
                np.testing.assert_array_equal(np.sort(ours), np.sort(theirs))
                scores = pair("rank.get_label_quality_scores", *problem, method=by)[0]
                assert (np.diff(scores[ours]) >= 0).all()
                assert not (np.diff(scores[theirs]) >= 0).all()

    def test_lowest_ignore_numbers_to_remove(self) -> None:
        masks = pair(
            "filter.find_label_issues",
            *PROBLEMS[0],
            filter_by=LOWEST[0],
            num_to_remove_per_class=[1, 1, 1, 1],
        )
        np.testing.assert_array_equal(*masks)

    @pytest.mark.parametrize(
        "arguments",
        [
            {"filter_by": "nonsense"},
            {"return_indices_ranked_by": "nonsense"},
            {"filter_by": "confident_learning", "num_to_remove_per_class": [1] * 4},
            {"confident_joint": np.ones((3, 3))},
            {"labels": PROBLEMS[0][0][:-1]},
        ],
        ids=str,
    )
    @pytest.mark.parametrize("name", ["find_label_issues", "find_multilabel_issues_per_class"])
    def test_refusals(self, name: str, arguments: Any) -> None:
        labels, pred_probs = PROBLEMS[0]
        kwargs = {"labels": labels, "pred_probs": pred_probs, "n_jobs": 1, **arguments}
        module = "multilabel_classification.filter"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(Exception) as theirs:  # noqa: PT011 - whatever cleanlab raises
                getattr(importlib.import_module(f"cleanlab.{module}"), name)(**kwargs)
            with pytest.raises(theirs.type):
                getattr(importlib.import_module(f"cupel.{module}"), name)(**kwargs)


class TestDataset:
    @pytest.mark.parametrize("problem", PROBLEMS[:4], ids=range(4))
    def test_tables(self, problem: Any) -> None:
        for name, key in TABLES.items():
            assert_same_frames(*pair(f"dataset.{name}", *problem), key)

    @pytest.mark.parametrize("n", [55, 69, 71])
    def test_numbers_are_cut_off(self, n: int) -> None:
        """11 / 69 * 69 is less than 11."""
        labels, probs = problem_of(n, 2, n)
        flip = np.random.default_rng(n).random(n) < 0.4
        given = [
            sorted({0, 1} ^ set(row)) if f else row for row, f in zip(labels, flip, strict=True)
        ]
        ours, theirs = pair("dataset.rank_classes_by_multilabel_quality", given, probs)
        assert_same_frames(ours, theirs, "Label Quality Score")
        counted = pair("dataset.common_multilabel_issues", given, probs)[0]["Num Examples"].sum()
        assert counted == ours[["Label Issues", "Inverse Label Issues"]].to_numpy().sum() + 1

    @pytest.mark.parametrize(
        "class_names", [NAMES, dict(enumerate(NAMES)), np.array(NAMES), [4, 3, 2, 1]], ids=type
    )
    def test_names(self, class_names: Any) -> None:
        for name, key in TABLES.items():
            frames = pair(f"dataset.{name}", *PROBLEMS[0], class_names=class_names)
            assert_same_frames(*frames, key)

    @pytest.mark.parametrize("problem", PROBLEMS[:4], ids=range(4))
    def test_health(self, problem: Any) -> None:
        ours, theirs = pair("dataset.overall_multilabel_health_score", *problem)
        assert type(ours) is type(theirs)
        assert ours == theirs

    def test_joints(self) -> None:
        problem = PROBLEMS[0]
        joint = 3 * count.compute_confident_joint(*problem, multi_label=True)
        given = {"confident_joint": joint}
        scores = pair("dataset.overall_multilabel_health_score", *problem, **given)
        assert scores[0] == scores[1]
        frames = pair("dataset.common_multilabel_issues", *problem, **given)
        assert_same_frames(*frames, "Issue Probability")
        for options in (given, {"joint": joint}, {"joint": joint, "confident_joint": joint // 3}):
            frames = pair("dataset.rank_classes_by_multilabel_quality", *problem, **options)
            assert_same_frames(*frames, "Label Quality Score")

    @pytest.mark.parametrize("with_joint", [False, True])
    def test_summary(self, with_joint: bool, capsys: pytest.CaptureFixture[str]) -> None:
        problem = PROBLEMS[0]
        joint = 3 * count.compute_confident_joint(*problem, multi_label=True)
        options = {"confident_joint": joint} if with_joint else {}
        name = "dataset.multilabel_health_summary"
        for verbose in (False, True):
            ours, theirs = pair(name, *problem, class_names=NAMES, verbose=verbose, **options)
            assert bool(capsys.readouterr().out) == verbose
            assert list(ours) == list(theirs)
            score, by_quality, common = list(ours)
            assert ours[score] == theirs[score]
            assert_same_frames(ours[by_quality], theirs[by_quality], "Label Quality Score")
            assert_same_frames(ours[common], theirs[common], "Issue Probability")


def test_real_problem() -> None:
    problem = real_problem()
    for name in ("find_label_issues", "find_multilabel_issues_per_class"):
        for filter_by in FILTERS:
            masks = pair(f"filter.{name}", *problem, filter_by=filter_by)
            np.testing.assert_array_equal(*masks)
    scores = pair("get_label_quality_scores", *problem)
    np.testing.assert_allclose(*scores, rtol=0, atol=1e-12)
    frames = pair("dataset.common_multilabel_issues", *problem)
    assert_same_frames(*frames, "Issue Probability")


def test_namesakes() -> None:
    """The packages export the same names."""
    for module in ("", ".filter", ".rank", ".dataset"):
        ours = importlib.import_module(f"cupel.multilabel_classification{module}")
        theirs = importlib.import_module(f"cleanlab.multilabel_classification{module}")
        assert set(ours.__all__) <= set(dir(theirs))
