"""The neighbours benchmark at toy size, without its peers, so that it keeps working."""

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

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _root_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


def bench(name: str) -> ModuleType:
    return importlib.import_module(f"bench.neighbors.{name}")


def brute_force(features: Any, k: int, metric: str = "euclidean", *_: Any) -> Any:
    rows = np.arange(len(features))
    return bench("truth").true_neighbours(features, rows, k, metric)[1:]


def toy_plan(**changes: Any) -> Any:
    cases = bench("cases")
    cell = cases.Cell("clustered", "euclidean", 300, 8)
    plan = replace(
        cases.QUICK,
        name="toy",
        exact=(
            cases.Block("clustered", "euclidean", (200, 300), (2, 64)),
            cases.Block("structureless", "cosine", (200,), (16,)),
        ),
        outliers=(cell._replace(metric="default"),),
        memory=(cell,),
        approximate=(cell, cell._replace(rows=600)),
        near_duplicates=(100, 32),
        patience=0.0,
        patience_approximate=0.0,
        check_rows=20,
        recall_rows=50,
    )
    return replace(plan, **changes)


def index_peer(**changes: Any) -> Any:
    """A peer that finds as many of the ten true neighbours as its effort says."""

    def search(truth: Any, queries: Any, effort: int) -> Any:
        features, indices = truth
        rows = np.array([np.flatnonzero((features == q).all(axis=1))[0] for q in queries])
        found = np.column_stack([rows, indices[rows]])
        found[:, effort + 1 :] = -1
        return found

    options = {
        "name": "index peer",
        "package": "none",
        "settings": {"A": 0, "B": 1},
        "effort": "effort",
        "efforts": (5, 9, 10),
        "build": lambda features, _setting, _threads: (features, brute_force(features, 10)[1]),
        "search": search,
        "growth": 1.0,
    }
    return bench("methods").IndexMethod(**{**options, **changes})


@pytest.fixture
def no_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but cupel is installed, and a slow stranger competes."""
    for module in ("contestants", "suite", "outliers", "methods"):
        monkeypatch.setattr(bench(module), "versions", dict)
    contestants, methods = bench("contestants"), bench("methods")
    names = (bench("cases").FAISS, bench("cases").SKLEARN, bench("cases").KD_TREE)
    strangers = [contestants.Contestant(name, "cupel", brute_force) for name in names]
    ours = contestants.CONTESTANTS[0]
    monkeypatch.setattr(contestants, "CONTESTANTS", (ours, *strangers))
    monkeypatch.setattr(bench("memory"), "competing", lambda *_: [ours])
    peers = (methods.METHODS[0], index_peer(package="cupel"))
    monkeypatch.setattr(methods, "METHODS", peers)


@pytest.mark.usefixtures("no_peers")
def test_a_run_makes_report_and_plot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept: list[Any] = []
    results = bench("suite").run(toy_plan(), log=lambda _: None, keep=kept.append)
    assert len(kept) == len(bench("cases").PARTS)
    assert len(results["exact"]) == 5
    for row in results["exact"]:
        assert set(row["seconds"]) == {
            *("cupel", "FAISS flat", "scikit-learn brute"),
            *("scikit-learn KD-tree", "sgemm"),
        }
        assert row["errors"]["cupel"]["relative"] <= 1e-6
    assert results["absent"] == list(bench("contestants").PACKAGES)

    main = bench("__main__")
    main.save(results, tmp_path)
    assert json.loads((tmp_path / "results.json").read_text(encoding="utf-8")) == results
    assert (tmp_path / "neighbors.png").read_bytes().startswith(b"\x89PNG")
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert report in capsys.readouterr().out
    assert "Not installed, so not measured: faiss-cpu," in report
    assert "relative error of a distance against float64 brute force | <= 1e-06" in report
    assert "N = 600, d = 8, recall@10 >= 0.95, against the fastest peer | >= 1.5x" in report

    (tmp_path / "docs").mkdir()
    for path in (tmp_path / "README.md", tmp_path / "docs" / "benchmarks.md"):
        path.write_text(
            "above\n<!-- benchmark:start -->kept<!-- benchmark:end -->\n"
            "<!-- benchmark-neighbors:start -->old<!-- benchmark-neighbors:end -->\nbelow\n"
        )
    main.write_docs(results, tmp_path)
    readme = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "start -->kept<!--" in readme
    assert "<!-- benchmark-neighbors:start -->\n\n| neighbours |" in readme
    assert (tmp_path / "docs" / "images" / "neighbors.png").is_file()


@pytest.mark.usefixtures("no_peers")
def test_parts_can_be_left_out() -> None:
    results = bench("suite").run(toy_plan(), ["near_duplicates"], log=lambda _: None)
    assert results["near_duplicates"]
    assert not results["exact"]
    assert "### Near-duplicates" in bench("report").full_report(results)
    assert bench("report").summary(results)


def test_documents_hold_the_markers() -> None:
    name = bench("__main__").MARKERS
    for path in (ROOT / "README.md", ROOT / "docs" / "benchmarks.md"):
        text = path.read_text(encoding="utf-8")
        assert text.count(f"<!-- {name}:start -->") == text.count(f"<!-- {name}:end -->") == 1


@pytest.mark.parametrize("kind", ["clustered", "structureless"])
def test_features_are_the_same_every_time(kind: str) -> None:
    make = bench("data").make_features
    features = make(kind, 500, 16)
    assert features.dtype == np.float32
    np.testing.assert_array_equal(features, make(kind, 500, 16))
    assert np.isfinite(features).all()
    assert np.linalg.norm(features.mean(axis=0)) > 0.1


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_truth_is_brute_force(metric: str, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = bench("truth")
    monkeypatch.setattr(truth, "_BLOCK_VALUES", 300)
    features = np.random.default_rng(0).standard_normal((100, 4)).astype(np.float32)
    features[50] = features[10]
    rows = truth.sample_rows(100, 30)
    found = truth.true_neighbours(features, rows, 7, metric)
    wide = features.astype(np.float64)
    if metric == "cosine":
        wide /= np.linalg.norm(wide, axis=1, keepdims=True)
        all_distances = 1 - wide @ wide.T
    else:
        all_distances = np.linalg.norm(wide[:, None] - wide, axis=2)
    np.fill_diagonal(all_distances, np.inf)
    expected = np.sort(all_distances[rows], axis=1)[:, :7]
    np.testing.assert_allclose(found.distances, expected, atol=1e-12)
    assert not (found.indices == rows[:, None]).any()
    everything = brute_force(features, 7, metric)
    assert truth.errors(features, found, everything, metric) == (0.0, 0, 30, 1.0)


def test_errors_are_seen_and_ties_are_none() -> None:
    truth = bench("truth")
    features = np.array([[0.0], [1.0], [-1.0], [5.0], [9.0]], dtype=np.float32)
    rows = np.array([0])
    expected = truth.true_neighbours(features, rows, 2, "euclidean")
    assert expected.indices.tolist() == [[1, 2]]

    def found(distances: list[float], indices: list[int]) -> Any:
        both = np.array([distances]), np.array([indices])
        return truth.errors(features, expected, both, "euclidean")

    assert found([1.0, 1.0], [2, 1]) == (0.0, 0, 1, 1.0)
    assert found([1.0, 1.1], [1, 2]) == pytest.approx((0.1, 0, 1, 1.0))
    for wrong in ([1, 3], [1, 1], [0, 1], [1, -1]):
        assert found([1.0, 1.0], wrong) == (0.0, 1, 1, 0.5)


def test_a_row_is_dropped_from_its_own_neighbours() -> None:
    indices = np.array([[0, 5, 6], [5, 1, 6], [5, 6, 7], [3, 3, 7]])
    keep = bench("truth").others(np.arange(4), indices)
    assert indices[keep].reshape(4, 2).tolist() == [[5, 6], [5, 6], [5, 6], [3, 7]]


def test_wrong_neighbours_are_refused() -> None:
    exact, truth, cases = bench("exact"), bench("truth"), bench("cases")
    features = bench("data").make_features("clustered", 60, 4)
    expected = truth.true_neighbours(features, np.arange(60), 10, "euclidean")
    cell = cases.Cell("clustered", "euclidean", 60, 4)
    wrong = expected.distances * (1 + 1e-5), expected.indices
    with pytest.raises(AssertionError, match="cupel, clustered 60 x 4 euclidean: error 1"):
        exact.check("cupel", cell, features, expected, wrong)
    assert exact.check("a peer", cell, features, expected, wrong)["different"] == 0
    wrong = expected.distances, expected.indices[::-1]
    with pytest.raises(AssertionError, match="60 rows differ"):
        exact.check("cupel", cell, features, expected, wrong)
    with pytest.raises(AssertionError, match=r"a peer, .*: recall 0"):
        exact.check("a peer", cell, features, expected, wrong)


@pytest.mark.usefixtures("no_peers")
def test_what_takes_too_long_is_left_out() -> None:
    cases, contestants, exact = bench("cases"), bench("contestants"), bench("exact")
    guesses = exact.Guesses()
    slow = contestants.Contestant("FAISS flat", "cupel", brute_force, overhead=36.0)
    cell = cases.Cell("clustered", "euclidean", 200, 64)
    assert guesses.of(slow, cell) == 0
    guesses.add("FAISS flat", cell._replace(rows=100), 3.0)
    assert guesses.of(slow, cell) == pytest.approx(12)
    assert guesses.of(slow, cell._replace(columns=164)) == pytest.approx(24)
    row = exact.time_cell(cell, ("cupel", "FAISS flat"), toy_plan(cap=1.0), 1, guesses)
    assert row["skipped"] == {"FAISS flat": pytest.approx(12, rel=0.2)}
    assert "FAISS flat" not in row["seconds"]
    assert "| (12 s) |" in bench("report")._exact_table(
        [row, {**row, "seconds": {**row["seconds"], "FAISS flat": [9.0]}}]
    )


def race(history: Any = None, rows: int = 300, **changes: Any) -> Any:
    approximate, truth = bench("approximate"), bench("truth")
    cell = bench("cases").Cell("clustered", "euclidean", rows, 8)
    features = bench("data").make_features("clustered", rows, 8)
    expected = truth.true_neighbours(features, truth.sample_rows(rows, 40), 10, cell.metric)
    history = history or approximate.History()
    return approximate.Race(cell, features, expected, 1, toy_plan(**changes), history)


def test_an_index_is_searched_with_the_least_effort_that_suffices() -> None:
    climb = bench("approximate").climb_indexes
    attempts = climb(index_peer(settings={"A": 0}), race())
    assert [(a["setting"], a["effort"], a["recall"]) for a in attempts] == [("A", 10, 1.0)]
    assert attempts[0]["total"] == attempts[0]["build"] + attempts[0]["search"]
    [missed] = climb(index_peer(settings={"A": 0}, efforts=(5, 9)), race())
    assert missed["total"] is None
    assert (missed["recall"], missed["note"]) == (pytest.approx(0.9), "recall not reached")
    [late] = climb(index_peer(settings={"A": 0}), race(cap_approximate=0.0))
    assert late["note"] == "building alone takes longer"


def test_a_graph_is_made_until_it_suffices() -> None:
    approximate, methods = bench("approximate"), bench("methods")

    def graph(features: Any, effort: int, _: int) -> Any:
        indices = brute_force(features, 10)[1]
        indices[:, effort:] = -1
        return indices, None

    method = methods.GraphMethod("graph peer", "none", "effort", (5, 10, 20), graph, growth=1.0)
    history = approximate.History()
    attempts = approximate.climb_graphs(method, race(history))
    assert [(a["effort"], a["recall"]) for a in attempts] == [(5, 0.5), (10, 1.0)]
    assert attempts[0]["total"] is None
    larger = race(history, rows=600)
    assert approximate.guess(method, larger) == pytest.approx(2 * attempts[1]["total"])
    assert [a["effort"] for a in approximate.climb_graphs(method, larger)] == [10]
    assert approximate.guess(method, race(history)) == 0


def test_settings_that_were_slower_are_not_tried_again() -> None:
    approximate = bench("approximate")
    history = approximate.History()
    small = race(history).cell._replace(rows=100)
    for setting, seconds in (("A", 1.0), ("B", 2.0)):
        history.add("index peer", small, approximate.Success(setting, 9, 100, seconds))
    attempts = approximate.climb_indexes(index_peer(), race(history))
    assert [a["setting"] for a in attempts] == ["A"]


def test_peers_without_a_chance_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    approximate = bench("approximate")
    fast, slow = index_peer(name="fast"), index_peer(name="slow")
    monkeypatch.setattr(approximate, "installed_methods", lambda: [fast, slow])
    history = approximate.History()
    small = race(history).cell._replace(rows=100)
    history.add("fast", small, approximate.Success("A", 9, 100, 1.0))
    history.add("slow", small, approximate.Success("A", 9, 100, 8.0))
    row = approximate.run_race(race(history), log=lambda _: None)
    assert list(row["seconds"]) == ["fast"]
    assert row["attempts"][-1]["note"] == "left out: about 24 s"


def test_goals_name_what_is_missed() -> None:
    cell = {"kind": "clustered", "metric": "euclidean", "rows": 20_000, "columns": 128}
    good = {"relative": 1e-15, "different": 0, "rows": 64, "recall": 1.0}
    seconds = {"cupel": [1.0, 2.0, 3.0], "FAISS flat": [4.0], "sgemm": [0.1]}
    results = {
        "exact": [{**cell, "seconds": seconds, "errors": {"cupel": good}}],
        "outliers": [],
        "memory": [],
        "approximate": [{**cell, "recall": 0.95, "seconds": {"a peer": [1.0]}, "attempts": []}],
    }
    found = {goal.what: goal for goal in bench("results").goals(results)}
    faiss = found["exact, d >= 64, N >= 20k, against FAISS flat, worst cell"]
    assert (faiss.measured, faiss.reached) == (2.0, False)
    rate = found["exact, d >= 128, effective rate over sgemm, worst cell"]
    assert rate.measured == pytest.approx(20_000**2 * 128 / 2 / (2048**3 / 0.1))
    assert found["exact, of 64 rows those with another neighbour, but for ties"].reached
    missed = found["approximate, N = 20k, d = 128, recall@10 >= 0.95, against the fastest peer"]
    assert (missed.measured, missed.where) == (0.0, "recall missed")
