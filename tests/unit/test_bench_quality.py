"""The quality benchmark: figures by hand, shapes of noise, and a run at toy size."""

from __future__ import annotations

import importlib
import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

pytest.importorskip("cleanlab")
pytest.importorskip("matplotlib")
pytest.importorskip("psutil")
pytest.importorskip("sklearn")

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _root_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


def bench(name: str) -> ModuleType:
    return importlib.import_module(f"bench.quality.{name}")


def noisy_problem(n: int = 400, k: int = 3, seed: int = 0) -> Any:
    """True labels, labels of which a fifth are wrong, and probabilities of the true ones."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, k, n)
    labels = np.where(rng.random(n) < 0.2, rng.integers(0, k, n), true)
    logits = rng.standard_normal((n, k)) + 3 * np.eye(k)[true]
    probs = np.exp(logits)
    return labels, probs / probs.sum(axis=1, keepdims=True), true


# ---- figures ------------------------------------------------------------------------------------


def ranking(scores: Any, errors: Any, weights: Any = None) -> Any:
    weights = np.ones((1, len(scores))) if weights is None else np.asarray(weights, dtype=float)
    return bench("metrics").Ranking(np.asarray(scores), np.asarray(errors, dtype=bool), weights)


def test_average_precision_by_hand() -> None:
    # Errors at places 1, 3 and 4 of the list.
    found = ranking([0.4, 0.1, 0.2, 0.3, 0.5], [1, 1, 0, 1, 0])
    assert found.average_precision() == pytest.approx([(1 / 1 + 2 / 3 + 3 / 4) / 3])
    assert found.precision_of_first(1) == pytest.approx([1.0])
    assert found.precision_of_first(2) == pytest.approx([1 / 2])
    assert found.precision_of_first(4) == pytest.approx([3 / 4])
    assert found.curve(np.array([1, 2, 3])) == pytest.approx([1, 1 / 2, 2 / 3])


def test_ties_share_their_places() -> None:
    # One error, then three rows of one score with two errors, then the rest.
    scores, errors = [0.1, 0.2, 0.2, 0.2, 0.9], [1, 1, 0, 1, 0]
    found = ranking(scores, errors)
    assert found.average_precision() == pytest.approx([(1 + 3 / 4 + 3 / 4) / 3])
    assert found.precision_of_first(2) == pytest.approx([(1 + 2 / 3) / 2])
    assert found.precision_of_first(10) == pytest.approx([3 / 10])
    order = [3, 1, 4, 2, 0]
    again = ranking(np.array(scores)[order], np.array(errors)[order])
    assert again.average_precision() == pytest.approx(found.average_precision())
    assert again.precision_of_first(2) == pytest.approx(found.precision_of_first(2))


def test_average_precision_is_scikit_learns() -> None:
    from sklearn.metrics import average_precision_score

    rng = np.random.default_rng(0)
    scores, errors = rng.integers(0, 30, 300) / 30, rng.random(300) < 0.3
    weights = np.stack([np.ones(300), rng.integers(0, 4, 300)])
    found = ranking(scores, errors, weights).average_precision()
    expected = [average_precision_score(errors, -scores, sample_weight=row) for row in weights]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_weight_is_a_repetition() -> None:
    scores, errors, times = np.array([0.1, 0.2, 0.3]), np.array([True, False, True]), [2, 1, 0]
    weighted = ranking(scores, errors, [times])
    repeated = ranking(np.repeat(scores, times), np.repeat(errors, times))
    assert weighted.average_precision() == pytest.approx(repeated.average_precision())
    assert weighted.precision_of_first(3) == pytest.approx(repeated.precision_of_first(3))


def test_flags_suggestions_and_counts_by_hand() -> None:
    metrics = bench("metrics")
    errors = np.array([True, True, True, False, False])
    flagged = np.array([True, False, True, True, False])
    weights = np.array([[1.0, 1, 1, 1, 1], [2, 0, 0, 1, 2]])
    assert metrics.f1(flagged, errors, weights) == pytest.approx([2 * 2 / 6, 2 * 2 / 5])
    assert metrics.mean(flagged, weights) == pytest.approx([3 / 5, 3 / 5])
    true, suggested = np.array([0, 1, 2, 0, 0]), np.array([0, 1, 1, 1, 1])
    right = metrics.share_right(suggested, true, errors, weights)
    assert right == pytest.approx([2 / 3, 1])
    parts = np.array([0.9, 0.8, 0.5, 0.1, 0.1])
    assert metrics.relative_error(parts, errors, weights) == pytest.approx(
        [2.4 / 3 - 1, 2.1 / 2 - 1]
    )
    nothing = np.zeros(5, dtype=bool)
    assert np.isnan(metrics.relative_error(parts, nothing, weights)).all()


def test_resamples_are_the_same_every_time_and_of_the_right_size() -> None:
    metrics = bench("metrics")
    weights = metrics.resample_weights(50, 30, 1).copy()
    assert (weights[0] == 1).all()
    assert (weights.sum(axis=1) == 50).all()
    assert len(np.unique(weights, axis=0)) == 31
    metrics.resample_weights.cache_clear()
    np.testing.assert_array_equal(metrics.resample_weights(50, 30, 1), weights)
    figure = np.array([0.5, *np.linspace(0, 1, 101), np.nan])
    assert metrics.interval(figure) == pytest.approx((0.5, 0.025, 0.975))
    assert np.isnan(metrics.interval(np.array([np.nan, 1.0]))).all()


# ---- noise --------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [2, 3, 10])
def test_noise_matrices_are_probabilities(k: int) -> None:
    noise = bench("noise")
    for shape in noise.SHAPES.values():
        if shape.matrix is not None:
            matrix = shape.matrix(k, np.random.default_rng(0))
            assert (matrix >= 0).all()
            np.testing.assert_allclose(matrix.sum(axis=0), 1, rtol=1e-12)
            assert (matrix.argmax(axis=0) == np.arange(k)).all(), shape.name


def test_shapes_of_noise_are_what_they_are_called() -> None:
    noise, rng = bench("noise"), np.random.default_rng(0)
    np.testing.assert_array_equal(noise.uniform(0.0)(4, rng), np.eye(4))
    assert noise.uniform(0.3)(4, rng)[:, 1] == pytest.approx([0.1, 0.7, 0.1, 0.1])
    assert noise.pairwise(0.2)(3, rng)[:, 2] == pytest.approx([0.2, 0, 0.8])
    some = noise.some_classes(0.4)(3, rng)
    assert some[:, 0] == pytest.approx([0.6, 0.2, 0.2])
    assert some[:, 1] == pytest.approx([0, 1, 0])
    groups = noise.groups(0.2)(5, rng)
    assert groups[:, 0] == pytest.approx([0.8, 0.1, 0.1, 0, 0])
    assert groups[:, 4] == pytest.approx([0, 0, 0, 0.2, 0.8])
    assert noise.groups(0.2)(4, rng)[3, 3] == 1
    assert noise.sink(0.2)(3, rng)[:, 1] == pytest.approx([0.2, 0.8, 0])
    assert noise.sink(0.2)(3, rng)[0, 0] == 1
    off_diagonal = noise.sparse(0.1)(20, rng)[~np.eye(20, dtype=bool)]
    assert 20 <= np.count_nonzero(off_diagonal) < 100


def test_labels_are_drawn_from_the_matrix() -> None:
    noise = bench("noise")
    true = np.repeat(np.arange(3), 20_000)
    matrix = np.array([[0.7, 0.0, 0.25], [0.2, 1.0, 0.25], [0.1, 0.0, 0.5]])
    given = noise.flip(true, matrix, np.random.default_rng(1))
    drawn = np.array([np.bincount(given[true == z], minlength=3) for z in range(3)]).T / 20_000
    np.testing.assert_allclose(drawn, matrix, atol=0.02)
    assert (drawn[matrix == 0] == 0).all()
    np.testing.assert_array_equal(noise.flip(true, np.eye(3), np.random.default_rng(1)), true)


def test_doubtful_labels_are_flipped_to_the_likeliest_other() -> None:
    noise = bench("noise")
    true = np.zeros(30_000, dtype=np.int64)
    probs = np.tile([[0.5, 0.1, 0.4], [0.9, 0.1, 0.0], [0.0, 1.0, 0.0]], (10_000, 1))
    given = noise.flip_doubtful(true, probs, 0.2, 1.0, np.random.default_rng(0))
    assert [set(given[i::3].tolist()) for i in range(3)] == [{0, 2}, {0, 1}, {0, 1}]
    rates = [(given[i::3] != 0).mean() for i in range(3)]
    assert rates == pytest.approx([0.2 * 0.4 / 0.5, 0.2 * 0.1 / 0.5, 0.2 * 1.0 / 0.5], abs=0.02)


# ---- contestants --------------------------------------------------------------------------------


def test_counts_are_those_of_the_functions() -> None:
    import cleanlab.count

    import cupel.posterior

    labels, probs, _ = noisy_problem()
    counted = bench("methods").everybodys(labels, probs).counted
    count = cleanlab.count.num_label_issues
    assert counted["cleanlab num_label_issues"].sum() == count(labels, probs)
    calibrated = count(labels, probs, estimation_method="off_diagonal_calibrated")
    assert counted["cleanlab off-diagonal of the joint"].sum() == pytest.approx(calibrated, abs=0.6)
    total = cupel.posterior.estimate_label_errors(labels, probs).total
    assert counted[bench("cases").OURS].sum() == pytest.approx(total)


def test_everybody_answers() -> None:
    cases, labels, probs = bench("cases"), *noisy_problem()[:2]
    answers = bench("methods").everybodys(labels, probs)
    assert len(answers.scores) == 10
    assert len(answers.flagged) == 10
    for scores in answers.scores.values():
        assert scores.shape == labels.shape
        assert np.isfinite(scores).all()
    for flagged in answers.flagged.values():
        assert flagged.dtype == np.bool_
    for suggested in (answers.suggested[name] for name in (cases.OURS, cases.ONE_SHOT)):
        assert (suggested != labels).all()
    agrees = probs.argmax(axis=1) == labels
    by_argmax = answers.scores[cases.ARGMAX]
    assert by_argmax[~agrees].max() < by_argmax[agrees].min()


def test_the_first_experiment_by_hand() -> None:
    labels, probs = (
        np.array([0, 0, 1, 1]),
        np.array([[0.8, 0.2], [0.2, 0.8], [0.2, 0.8], [0.2, 0.8]]),
    )
    # Thresholds 0.5 and 0.8; the joint is [[1, 1], [0, 2]], the noise [[1, 1/3], [0, 2/3]].
    answers = bench("methods").one_shot(labels, probs)
    name = bench("cases").ONE_SHOT
    of_given = np.array([1.6 / (1.6 + 0.25 / 3), 0.4 / (0.4 + 1 / 3), 1, 1])
    np.testing.assert_allclose(answers.counted[name], 1 - of_given, atol=1e-12)
    np.testing.assert_allclose(answers.scores[name], of_given, atol=1e-12)
    assert answers.suggested[name].tolist() == [1, 1, 0, 0]


# ---- means --------------------------------------------------------------------------------------


def labelled_set(name: str, seed: int, **changes: Any) -> Any:
    cases = bench("cases")
    labels, probs, true = noisy_problem(seed=seed)
    made = cases.LabelledSet(
        name, cases.NOISY, cases.NEW, labels, probs, labels != true, true, traits={"use": "x"}
    )
    return replace(made, **changes)


def evaluated(*sets: dict[str, list[float]]) -> list[Any]:
    """Sets with the figures of ours and of cleanlab's two, and no resamples to speak of."""
    cases, summary = bench("cases"), bench("summary")
    about = {"name": "s", "section": cases.NOISY, "traits": {}}
    groups = [(cases.NOISY, "all", "all")]
    return [
        summary.Evaluated(
            {**about, "name": f"s{i}"},
            groups,
            {
                (metric, name): np.full(3, value)
                for metric, values in figures.items()
                for name, value in zip(
                    (cases.OURS, "cleanlab a", "cleanlab b"), values, strict=True
                )
            },
        )
        for i, figures in enumerate(sets)
    ]


def test_means_gains_and_duels_by_hand() -> None:
    cases, summary = bench("cases"), bench("summary")
    f1, count = cases.F1.name, cases.COUNT_ERROR.name
    found = summary.summarise(
        evaluated(
            {f1: [0.6, 0.5, 0.9], count: [0.1, -0.3, 0.1]},
            {f1: [0.8, 0.7, 0.1], count: [-0.2, 0.1, 0.3]},
        )
    )
    means = {(row["metric"], row["contestant"]): row["value"] for row in found["means"]}
    assert means[f1, cases.OURS] == pytest.approx(0.7)
    assert means[f1, "cleanlab a"] == pytest.approx(0.6)
    assert means[count, cases.OURS] == pytest.approx(0.15)
    gains = {row["metric"]: row for row in found["gains"]}
    assert (gains[f1]["contestant"], gains[f1]["value"]) == ("cleanlab a", pytest.approx(0.1))
    assert gains[count]["contestant"] == "cleanlab a"
    assert gains[count]["value"] == pytest.approx(0.05)
    duels = {row["metric"]: row for row in found["duels"]}
    assert (duels[f1]["ahead"], duels[f1]["behind"]) == (2, 0)
    assert (duels[count]["ahead"], duels[count]["behind"]) == (1, 1)
    assert [row["set"] for row in duels[count]["most_behind"]] == ["s1"]


def test_on_clean_data_less_is_better() -> None:
    cases, evaluate, summary = bench("cases"), bench("evaluate"), bench("summary")
    clean = labelled_set("clean", 0, section=cases.CLEAN)
    answers = bench("methods").everybodys(clean.labels, clean.probs)
    figures = evaluate.figures(clean, answers, 5, 0)
    assert {figure.metric for figure in figures} == {cases.FLAGGED.name, cases.COUNTED.name}
    found = summary.summarise([summary.Evaluated.of(clean, answers, figures)])
    shares = {row["contestant"]: row["value"] for row in found["means"]}
    [gain] = (row for row in found["gains"] if row["by"] == "all")
    assert gain["against"] == cases.DEFAULT_FILTER
    expected = answers.flagged[cases.DEFAULT_FILTER].mean() - answers.flagged[cases.OURS].mean()
    assert gain["value"] == pytest.approx(expected, abs=1e-5)
    assert cases.DEFAULT_FILTER in shares


# ---- data ---------------------------------------------------------------------------------------


def save_files(folder: Path) -> None:
    """The data files at toy size: two noisy settings, one of them unknown, and one test set."""
    for seed, name in enumerate(("noise2_sparsity0", "noise9_sparsity9")):
        labels, probs, true = noisy_problem(seed=seed)
        np.savez(
            folder / f"cifar10_train_{name}.npz",
            pred_probs=probs.astype(np.float16),
            given_labels=labels.astype(np.uint8),
            true_labels=true.astype(np.uint8),
        )
    labels, probs, _ = noisy_problem(seed=3)
    np.savez(
        folder / "mnist_test_set.npz",
        pred_probs=probs,
        given_labels=labels.astype(np.uint16),
        reviewed_ids=np.array([5, 7, 20]),
        reviewed_guess=np.array([0, 0, 0]),
        reviewed_votes_given_guessed_neither_both=np.array(
            [[0, 5, 0, 0], [2, 1, 1, 1], [3, 2, 0, 0]]
        ),
    )


def test_files_are_labelled_by_what_was_known_of_them(tmp_path: Path) -> None:
    cases, files = bench("cases"), bench("files")
    save_files(tmp_path)
    chosen, new, test_set = files.file_sets(tmp_path)
    assert (chosen.used, new.used, test_set.used) == (cases.CHOSEN, cases.NEW, cases.LOOKED)
    assert (chosen.section, test_set.section) == (cases.NOISY, cases.REVIEWED)
    assert np.array_equal(chosen.errors, chosen.labels != chosen.true)
    assert test_set.true is None
    assert np.flatnonzero(test_set.reviewed).tolist() == [5, 7, 20]
    assert np.flatnonzero(test_set.errors).tolist() == [5, 7]
    assert "noisy CIFAR-10 noise6_sparsity4" in files.absent(tmp_path)
    assert "MNIST test set" not in files.absent(tmp_path)


def test_small_sets_are_the_same_every_time() -> None:
    cases, injected = bench("cases"), bench("injected")
    every = list(injected.cases())
    assert len({case.name for case in every}) == len(every)
    assert {case.used for case in every} == {cases.LOOKED, cases.NEW}
    models, shapes = bench("models"), bench("noise")
    assert {case.model for case in every} == set(models.MODELS)
    assert {case.shape for case in every} == set(shapes.SHAPES)
    case = next(case for case in every if case.name == "iris, uniform 20 %, linear discriminant")
    made, again = injected.make(case), injected.make(case)
    np.testing.assert_array_equal(made.labels, again.labels)
    np.testing.assert_array_equal(made.probs, again.probs)
    assert made.section == cases.SMALL_NEW
    assert 0.1 < made.errors.mean() < 0.3
    clean = injected.make(case._replace(shape="none"))
    assert (clean.section, clean.errors.sum()) == (cases.CLEAN, 0)
    other = injected.make(case._replace(seed=2))
    assert not np.array_equal(made.labels, other.labels)


# ---- all of it ----------------------------------------------------------------------------------


def toy_plan() -> Any:
    return replace(
        bench("cases").QUICK,
        name="toy",
        resamples=10,
        costs=((300, 10), (200, 20)),
        patience=0.0,
        sources=("iris",),
        models=("naive Bayes", "linear discriminant"),
        shapes=("none", "uniform 10 %", "one-way 20 %"),
    )


def test_a_run_makes_report_and_plot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases = bench("cases")
    save_files(tmp_path)
    results = bench("suite").run(toy_plan(), tmp_path, log=lambda _: None)
    assert [row["section"] for row in results["sets"]].count(cases.NOISY) == 2
    assert {row["section"] for row in results["sets"]} == set(cases.SECTIONS)
    assert results["curves"]["sets"] == ["noise2_sparsity0", "noise9_sparsity9"]
    assert [row["source"] for row in results["cost"]] == ["noise2_sparsity0", "generated"]

    main = bench("__main__")
    main.save(results, tmp_path / "out")
    saved = (tmp_path / "out" / "results.json").read_text(encoding="utf-8")
    assert json.loads(saved) == results
    assert (tmp_path / "out" / "quality.png").read_bytes().startswith(b"\x89PNG")
    report = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert report in capsys.readouterr().out
    for line in (
        "| used to choose | noise2_sparsity0 |",
        "| looked at | MNIST test set; 2 small sets: iris;",
        "| not used to choose | noise9_sparsity9; 2 small sets: iris;",
        "| average precision | >= 0.86 |",
        "| suggested label right | >= 0.72 |",
        "| clean data: share flagged, against cleanlab's default | <=",
        "| time against cupel's own find_label_issues, worst size | <= 2x |",
        "| **cupel noise_posterior** |",
        "Not in the data folder: noisy CIFAR-10 noise2_sparsity4,",
        "10 bootstrap resamples",
        "Plan: toy.",
        "### Where it falls behind",
    ):
        assert line in report

    (tmp_path / "docs").mkdir()
    for path in (tmp_path / "README.md", tmp_path / "docs" / "benchmarks.md"):
        path.write_text(
            "above\n<!-- benchmark-quality:start -->old<!-- benchmark-quality:end -->\n"
        )
    main.write_docs(results, tmp_path)
    readme = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| average precision, noisy CIFAR-10 | **" in readme
    assert (tmp_path / "docs" / "images" / "quality.png").is_file()


def test_without_data_files_the_rest_is_reported(tmp_path: Path) -> None:
    results = bench("suite").run(toy_plan(), tmp_path, ["small"], log=lambda _: None)
    report = bench("report").full_report(results)
    assert "Not in the data folder: noisy CIFAR-10 noise2_sparsity0," in report
    assert "### Clean data" in report
    assert "### Noisy CIFAR-10" not in report
    assert "### Cost" not in report
    bench("plot").draw(results, tmp_path / "empty.png")
    assert (tmp_path / "empty.png").is_file()
