"""The quality benchmark: means, what is known of the data, and a run at toy size."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from quality_bench import bench, noisy_problem, root_on_path  # noqa: F401 - a fixture

pytest.importorskip("cleanlab")
pytest.importorskip("matplotlib")
pytest.importorskip("psutil")
pytest.importorskip("sklearn")


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
