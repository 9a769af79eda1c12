"""Features from every kind of file."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("click")
pytest.importorskip("rich")
pa = pytest.importorskip("pyarrow")

from pyarrow import parquet

import cupel.cli
from cli_data import FEATURES, write_csv, write_npy
from cupel.cli.features import read_features
from cupel.cli.tables import ReadOptions

IDS = [f"img-{i:03d}" for i in range(len(FEATURES))]


@pytest.fixture
def table(tmp_path):
    rows = [[name, *row] for name, row in zip(IDS, FEATURES.tolist(), strict=True)]
    return write_csv(tmp_path / "features.csv", rows, ["image", *"abcde"])


def run(capsys, *arguments, code=0):
    assert cupel.cli.main(list(map(str, arguments))) == code
    return capsys.readouterr()


def document(capsys, *arguments):
    return json.loads(run(capsys, *arguments, "--json").out)


def test_images_are_rows_of_numbers(tmp_path, capsys):
    images = write_npy(tmp_path / "images.npy", FEATURES[:, :4].reshape(-1, 2, 2))
    flat = write_npy(tmp_path / "flat.npy", FEATURES[:, :4])
    done = run(capsys, "outliers", images, "--json")
    assert "has shape (120, 2, 2); each row is 4 numbers" in done.err
    assert run(capsys, "outliers", images, "-q").err == ""
    found, expected = json.loads(done.out), document(capsys, "outliers", flat)
    assert found["outliers"] == expected["outliers"]


@pytest.mark.parametrize("dtype", ["uint8", "int16", "bool", "float16", "float32"])
def test_narrow_numbers(tmp_path, capsys, dtype):
    numbers = np.abs(FEATURES * 8).astype(dtype)
    narrow = document(capsys, "outliers", write_npy(tmp_path / "a.npy", numbers), "--all")
    wide = document(
        capsys, "outliers", write_npy(tmp_path / "b.npy", numbers.astype(float)), "--all"
    )
    assert narrow["outliers"] == wide["outliers"]


def test_npz_and_tables_hold_the_same(tmp_path, table):
    np.savez(tmp_path / "run.npz", embeddings=FEATURES, labels=np.zeros(3))
    columns = {name: FEATURES[:, j] for j, name in enumerate("abcde")}
    parquet.write_table(pa.table({"label": pa.array([0] * 120), **columns}), tmp_path / "x.parquet")
    for spec in (tmp_path / "run.npz", f"{tmp_path / 'run.npz'}:embeddings", table):
        np.testing.assert_array_equal(read_features(str(spec)).matrix, FEATURES)
    features = read_features(str(tmp_path / "x.parquet"))
    np.testing.assert_array_equal(features.matrix, FEATURES)
    assert features.columns == list("abcde")
    assert "5 columns of features; left out: label" in features.notes[0]


def test_columns_can_be_chosen(table):
    features = read_features(table, ReadOptions(feature_columns="c, a", id_column="image"))
    np.testing.assert_array_equal(features.matrix, FEATURES[:, [2, 0]])
    assert features.ids.to_pylist() == IDS


def test_y_beside_x_is_a_coordinate(tmp_path):
    points = write_csv(tmp_path / "points.csv", FEATURES[:, :2].tolist(), ["x", "y"])
    assert read_features(points).columns == ["x", "y"]
    labelled = write_csv(tmp_path / "labelled.csv", FEATURES[:, :2].tolist(), ["a", "y"])
    assert read_features(labelled).columns == ["a"]


@pytest.mark.parametrize(
    ("first", "second", "header"),
    [
        (["1.5", "2.5"], ["2", "3"], False),
        (["a", "b"], ["2", "3"], True),
        (["id7", "0.4"], ["id8", "0.5"], False),
        (["id", "0", "1", "2"], ["x", "5", "6", "7"], True),
        (["", "0", "1"], ["0", "-1.5", "2.5"], True),
        (["0", "1"], ["4", "2"], False),
        (["0", "16", "3"], ["1", "2", "3"], False),
    ],
)
def test_header_of_features(first, second, header):
    from cupel.cli.tables import features_have_header

    assert features_have_header([first, second], ReadOptions()) == header
    assert features_have_header([first, second], ReadOptions(header=not header)) != header


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.arange(5.0), "expected one row of numbers per example"),
        (np.zeros((0, 4)), "expected one row of numbers per example"),
        (np.array([["a", "b"]]), "holds text, expected numbers"),
        (np.array([[1, None]], dtype=object), "pickled Python objects"),
        (np.ones((1, 3)), "features"),
    ],
)
def test_arrays_that_are_no_features(tmp_path, capsys, array, message):
    path = tmp_path / "x.npy"
    np.save(path, array)
    out, err = run(capsys, "outliers", path, code=2)
    assert out == ""
    assert message in err
    assert "Traceback" not in err
