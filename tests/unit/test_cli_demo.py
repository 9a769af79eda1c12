from __future__ import annotations

import sys

import numpy as np
import pytest

pytest.importorskip("click")
pytest.importorskip("rich")
pytest.importorskip("pyarrow")
pytest.importorskip("sklearn")

import cupel.cli
from cupel.cli.demo import Recovery, flip_labels, recovery


@pytest.mark.filterwarnings("ignore")  # old releases of scikit-learn warn about SciPy
def test_demo(capsys):
    assert cupel.cli.main(["demo", "--top", "3"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "1. The real labels" in out
    assert "2. The same labels, 5% changed on purpose" in out
    assert "90 labels were changed" in out
    hits = int(out.split("rows listed, ")[1].split()[0])
    assert hits > 0.85 * 90
    assert f"precision {round(100 * hits / 90)}%" in out
    assert out.count("errors expected (") == 2


def test_planted_errors_are_always_the_same():
    labels = np.arange(200) % 10
    changed, rows = flip_labels(labels, 10)
    again, _ = flip_labels(labels, 10)
    np.testing.assert_array_equal(changed, again)
    np.testing.assert_array_equal(np.flatnonzero(changed != labels), rows)
    assert len(rows) == 10
    assert set(changed) <= set(range(10))


def test_recovery_counts():
    planted = np.array([1, 2, 3, 4])
    assert recovery(np.array([1, 9, 3, 8, 4]), planted) == Recovery(4, 4, 2, 5, 3)
    assert recovery(np.array([1]), planted) == Recovery(4, 1, 1, 1, 1)
    assert recovery(np.array([], np.int64), planted) == Recovery(4, 0, 0, 0, 0)


def test_without_scikit_learn(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    assert cupel.cli.main(["demo"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert 'pip install "cupel[demo]"' in err
