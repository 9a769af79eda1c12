"""Data sets from whatever holds them: columns, kinds, and what is said about data that are wrong."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from datasets import ClassLabel, DatasetDict, Features, IterableDataset, List, Value
from datasets import Dataset as HuggingFace
from datasets import Image as ImageFeature
from pyarrow import parquet

from cupel.datalab._dataset import DataFormatError, Dataset, DatasetDictError, DatasetLoadError
from cupel.datalab.reading.table import read_table

COLUMNS = {"y": ["b", "a", None], "n": [3, 1, 2], "f": [0.5, None, 2.0], "t": [True, False, True]}


def rows() -> list[dict]:
    return [dict(zip(COLUMNS, cells, strict=True)) for cells in zip(*COLUMNS.values(), strict=True)]


def file_of(folder: Path, name: str) -> Path:
    """The same table in a file."""
    path, frame = folder / name, pd.DataFrame(COLUMNS)
    writers = {
        ".csv": lambda: frame.to_csv(path, index=False),
        ".tsv": lambda: frame.to_csv(path, index=False, sep="\t"),
        ".json": lambda: frame.to_json(path, orient="records"),
        ".jsonl": lambda: frame.to_json(path, orient="records", lines=True),
        ".parquet": lambda: frame.to_parquet(path),
        ".xlsx": lambda: frame.to_excel(path, index=False),
    }
    writers[path.suffix]()
    return path


FILES = ("t.csv", "t.tsv", "t.json", "t.jsonl", "t.parquet", "t.xlsx")
MAKERS = {
    "dict": lambda: COLUMNS,
    "arrays": lambda: {k: np.array(v, object if k == "y" else None) for k, v in COLUMNS.items()},
    "series": lambda: {k: pd.Series(v) for k, v in COLUMNS.items()},
    "polars series": lambda: {k: pl.Series(v) for k, v in COLUMNS.items()},
    "arrow arrays": lambda: {k: pa.array(v) for k, v in COLUMNS.items()},
    "rows": lambda: rows(),
    "pandas": lambda: pd.DataFrame(COLUMNS),
    "pandas nullable": lambda: pd.DataFrame(COLUMNS).convert_dtypes(),
    "pandas categorical": lambda: pd.DataFrame(COLUMNS).astype({"y": "category"}),
    "polars": lambda: pl.DataFrame(COLUMNS),
    "polars lazy": lambda: pl.DataFrame(COLUMNS).lazy(),
    "arrow": lambda: pa.table(COLUMNS),
    "arrow batch": lambda: pa.RecordBatch.from_pydict(COLUMNS),
    "arrow dictionary": lambda: pa.table(
        {**COLUMNS, "y": pa.array(COLUMNS["y"]).dictionary_encode()}
    ),
    "hugging face": lambda: HuggingFace.from_dict(COLUMNS),
    "hugging face view": lambda: HuggingFace.from_list(rows()[::-1]).select([2, 1, 0]),
}


@pytest.mark.parametrize("maker", [*MAKERS, *FILES])
def test_the_same_table_from_everywhere(maker, tmp_path):
    data = MAKERS[maker]() if maker in MAKERS else str(file_of(tmp_path, maker))
    dataset = Dataset.load(data, id_name="n")
    assert dataset.column_names == ("y", "n", "f", "t")
    assert [dataset.kind(name) for name in dataset.column_names] == ["text", *["number"] * 3]
    assert dataset.column("y").tolist() == ["b", "a", None]
    assert dataset.column("n").dtype.kind == "i"
    np.testing.assert_array_equal(dataset.column("f"), [0.5, np.nan, 2.0])
    assert dataset.column("t").dtype == bool
    assert dataset.row_ids().tolist() == [3, 1, 2]
    assert dataset.n_rows == 3
    assert dataset.original is data
    cells = [dataset.cell(name, 1) for name in dataset.column_names]
    assert cells == ["a", "1", "", "False"]
    assert not any(dataset.column(name).flags.writeable for name in dataset.column_names)


def test_roles_and_kinds():
    day = dt.date(2020, 1, 2)
    data = {
        "a": [1.5, 2.0],
        "b": ["x", None],
        "d": [day, None],
        "e": [[1], [2, 3]],
        "s": ["u", "v"],
    }
    dataset = Dataset.load(data, label_name="b", split_name="s")
    assert dataset.feature_names == ("a", "d", "e")
    assert [dataset.kind(name) for name in data] == ["number", "text", "other", "other", "text"]
    assert [dataset.cell(name, 0) for name in data] == ["1.5", "x", "2020-01-02", "[1]", "u"]
    assert dataset.cell("a", 1) == "2"
    assert dataset.row_ids().tolist() == [0, 1]
    assert dataset.image(0) is None
    other = Dataset.load(dataset, id_name="a")
    assert (other.label_name, other.id_name, other.original) == ("b", "a", data)


def test_the_callers_data_may_change_later():
    a, texts, frame = (
        np.zeros(3),
        np.array(["a", "b", "c"], object),
        pd.DataFrame({"v": np.zeros(3)}),
    )
    dataset, framed = Dataset.load({"a": a, "t": texts}), Dataset.load(frame)
    a[0], texts[0], frame.loc[0, "v"] = 5, "z", 5
    assert dataset.column("a")[0] == 0
    assert dataset.column("t")[0] == "a"
    assert framed.column("v")[0] == 0


def test_numbers_are_kept_exactly():
    data = {
        "whole": [2**62 + 1, 5],
        "unsigned": [2**64 - 1, 5],
        "huge": [2**70, 5],
        "gap": [2**53 + 1, None],
        "swapped": np.array([1, 2], ">i4"),
        "half": np.array([0.1, 2], np.float16),
        "mixed": [1, True],
    }
    dataset = Dataset.load(data)
    for name in ("whole", "unsigned", "huge", "gap", "mixed"):
        assert dataset.column(name).tolist() == data[name], name
    assert dataset.column("swapped").dtype == np.dtype("i4")
    assert dataset.column("half").dtype == np.float16
    assert dataset.cell("whole", 0) == str(2**62 + 1)


def test_hugging_face_keeps_classes_and_pictures():
    from PIL import Image

    features = Features(
        y=ClassLabel(names=["z", "y"]),
        tags=List(ClassLabel(names=["p", "q"])),
        im=ImageFeature(),
        vector=List(Value("float32")),
    )
    pictures = [Image.new("RGB", (4, 3), (i, 0, 0)) for i in range(2)]
    data = {"y": [1, 0], "tags": [[0, 1], []], "im": pictures, "vector": [[1.0, 2.0]] * 2}
    dataset = Dataset.load(HuggingFace.from_dict(data, features=features), image_key="im")
    assert dataset.class_names_of("y") == ("z", "y")
    assert dataset.class_names_of("tags") == ("p", "q")
    assert dataset.column("y").tolist() == [1, 0]
    assert dataset.column("vector").tolist() == [[1.0, 2.0]] * 2
    assert (dataset.kind("im"), dataset.kind("vector")) == ("image", "other")
    assert dataset.image(1).getpixel((0, 0)) == (1, 0, 0)
    assert dataset.cell("im", 0) == "image"


@pytest.mark.parametrize(
    ("data", "kind", "match"),
    [
        (3, DataFormatError, "type int, expected a dict of columns"),
        (None, DataFormatError, "type NoneType"),
        (np.ones((3, 2)), DataFormatError, "type ndarray"),
        (pd.Series([1]), DataFormatError, "type Series"),
        ((1, 2), DataFormatError, "type tuple"),
        (IterableDataset.from_generator(lambda: iter([{"a": 1}])), DataFormatError, "streaming"),
        ("nothing.csv", DataFormatError, "nothing.csv is not there"),
        ("a\0b", DataFormatError, "a.x00b is not there"),
        ({}, DatasetLoadError, "no columns"),
        ([], DatasetLoadError, "no columns"),
        ({"a": []}, DatasetLoadError, "no rows"),
        (pd.DataFrame({"a": []}), DatasetLoadError, "no rows"),
        ([{"a": 1}, 3], DatasetLoadError, r"data\[1\] is 3, expected a dict"),
        ({"a": [1, 2], "b": [1]}, DatasetLoadError, "1 values in column 'b' and 2 in column 'a'"),
        ({"a": [1], 1: [2], "1": [3]}, DatasetLoadError, "more than one column called '1'"),
        ({"a": "text"}, DatasetLoadError, r"data\['a'\] is 'text', expected one value per row"),
        ({"a": 3}, DatasetLoadError, r"data\['a'\] is 3"),
        ({"a": {1, 2}}, DatasetLoadError, "one value per row"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), DatasetLoadError, "one column called 'a'"),
        (
            DatasetDict(train=HuggingFace.from_dict({"a": [1]})),
            DatasetDictError,
            r"data\['train'\]",
        ),
    ],
)
def test_data_that_are_none(data, kind, match):
    with pytest.raises(kind, match=match) as caught:
        Dataset.load(data)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize(
    ("roles", "kind", "match"),
    [
        (
            {"label_name": "lable"},
            ValueError,
            "'lable', but data has no such column; did you mean 'label'",
        ),
        ({"id_name": "zzz"}, ValueError, "id_name is 'zzz'.*it has: y, n, f, label"),
        ({"label_name": 3}, TypeError, "label_name must be the name of a column, got int"),
        ({"label_name": "y", "split_name": "y"}, ValueError, "split_name and label_name are both"),
        ({"image_key": "n"}, ValueError, "image_key is 'n', a column of numbers"),
    ],
)
def test_columns_that_are_not_there(roles, kind, match):
    data = {"y": ["b", "a"], "n": [1, 2], "f": [1, 2], "label": [1, 2]}
    with pytest.raises(kind, match=match):
        Dataset.load(data, **roles)
    if kind is ValueError:
        with pytest.raises(ValueError, match="the name is 'q'"):
            Dataset.load(data).column("q")


# ---- text files --------------------------------------------------------------------------------

N, T = "number", "text"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'\xef\xbb\xbfa,b\n1,"x\ny"\n,\n', {"a": (N, [1.0, None]), "b": (T, ["x\ny", None])}),
        (b"a,b\r\n1,x\r\n\r\n2,y", {"a": (N, [1, 2]), "b": (T, ["x", "y"])}),
        (b"a,b\r1,2\r3,4\r", {"a": (N, [1, 3]), "b": (N, [2, 4])}),
        ("a,b\n1,é\n".encode("utf-16"), {"a": (N, [1]), "b": (T, ["é"])}),
        (b'"a\nq",b\n1,"x ""y"""\n', {"a\nq": (N, [1]), "b": (T, ['x "y"'])}),
        (b'a,b\n1,5" pipe\n', {"a": (N, [1]), "b": (T, ['5" pipe'])}),
        (b"a;b, c;d\n1,5;2;x\n2,25;;y\n", {"a": (N, [1.5, 2.25]), "b, c": (N, [2.0, None]), "d": (T, ["x", "y"])}),
        (b"a|b\n1|x\n", {"a": (N, [1]), "b": (T, ["x"])}),
        (b"a\tb\n1\tx, y\n", {"a": (N, [1]), "b": (T, ["x, y"])}),
        (b"a\nx\n", {"a": (T, ["x"])}),
        (b",a,\n0,2,\n1,3,\n", {"Unnamed: 0": (N, [0, 1]), "a": (N, [2, 3])}),
        (b"z,t\n01,NA\n12,b\n", {"z": (T, ["01", "12"]), "t": (T, ["NA", "b"])}),
        (b"a,b,c\n1,true,-2\nNA,false, 3 \n", {"a": (N, [1.0, None]), "b": (N, [True, False]), "c": (N, [-2, 3])}),
        (b"a,b\ntrue,yes\n,no\n", {"a": (N, [1.0, None]), "b": (T, ["yes", "no"])}),
        (b"a,b\n99999999999999999999,9007199254740993\n1,\n",
         {"a": (T, ["99999999999999999999", "1"]), "b": (T, ["9007199254740993", None])}),
        (b"a,b\n1e5,nan\n-2.5,inf\n", {"a": (N, [1e5, -2.5]), "b": (N, [None, np.inf])}),
        (b"a,b\n1.5,\nx,\n", {"a": (T, ["1.5", "x"]), "b": (T, [None, None])}),
        (b"a,b\n" + b"1,2\n" * 60 + b"x,2\n", {"a": (T, ["1"] * 60 + ["x"]), "b": (N, [2] * 61)}),
        (b"a,b\n1,x\0y\n", {"a": (N, [1]), "b": (T, ["x\0y"])}),
    ],
)  # fmt: skip
def test_csv(content, expected, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    table = read_table(path)
    found = {
        name: (
            table.kind(name),
            [
                None if isinstance(v, float) and np.isnan(v) else v
                for v in table.column(name).tolist()
            ],
        )
        for name in table.column_names
    }
    assert found == expected


def test_csv_with_a_row_longer_than_a_block(tmp_path):
    long = "x" * 9_000_000
    (tmp_path / "t.csv").write_text(f'a,b\n1,{long}\n2,"\n"\n')
    assert [len(v) for v in read_table(tmp_path / "t.csv").column("b")] == [9_000_000, 1]


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("t.csv", b"", "t.csv is empty"),
        ("t.csv", b"\xef\xbb\xbf \n\n", "t.csv is empty"),
        ("t.csv", b"a,b\n", "no rows"),
        ("t.csv", b'a,b\n1,"x\ny"\n\n1,2,3\n', "line 5: row 1 has 3 cells, the first line has 2"),
        ("t.csv", b"a,b\n1,2\n3\n", "line 3: row 1 has 1 cells"),
        ("t.csv", b'a,b\n1,2\n1,"2\n4,5\n', "line 3: a quote is opened here and never closed"),
        ("t.csv", b"a,b\n1,2\n1,\xe9\n", "line 3: byte 0xe9 is not UTF-8.*CSV UTF-8"),
        ("t.csv", b"\xe9,b\n1,2\n", "line 1: byte 0xe9"),
        ("t.csv", b"\xff\xfea", "UTF-16"),
        ("t.csv", b"a,a\n1,2\n", "more than one column called 'a'"),
        ("t.json", b'{"a": 1,\n"b"}', "line 2: not JSON"),
        ("t.json", b"[" * 100_000, "not JSON: maximum recursion"),
        ("t.json", b"3", "holds 3, expected an array"),
        ("t.json", b'[{"a": 1}, 2]', r"t.json\[1\] is 2"),
        ("t.json", b'[{"a": "\xff"}]', "byte 0xff"),
        ("t.json", b'{"a": [1, 2], "b": [1]}', "1 values in column 'b'"),
        ("t.jsonl", b'{"a": 1}\n\n[1]\n', r"line 3 is \[1\], expected an object"),
        ("t.jsonl", b'{"a": 1}\n{"a":\n', "line 2: not JSON"),
        ("t.parquet", b"PAR1 and no more", "cannot be read as Parquet"),
        ("t.xlsx", b"PK", "no XLSX workbook"),
        ("t.xls", b"x", "save the old workbook as .xlsx"),
        ("t.zip", b"x", "cannot tell its format"),
        ("t", b"x", "cannot tell its format"),
    ],
)
def test_files_that_are_wrong(name, content, match, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=match) as caught:
        read_table(path)
    assert str(path) in str(caught.value)


def test_other_text_files(tmp_path):
    def read(name: str, content: str) -> dict[str, list]:
        (tmp_path / name).write_text(content, encoding="utf-8", newline="")
        table = read_table(tmp_path / name)
        return {column: table.column(column).tolist() for column in table.column_names}

    assert read("a.txt", "x\r\n\r\ny\n") == {"text": ["x", "", "y"]}
    assert read("a.json", '{"a": [1, 2], "b": ["x", null]}') == {"a": [1, 2], "b": ["x", None]}
    assert read("b.json", '{"a": 1}\n{"a": 2, "b": "x"}') == {"a": [1, 2], "b": [None, "x"]}
    assert read("c.json", '{"a": 1}') == {"a": [1]}
    assert read("d.jsonl", '{"a": [1]}\n\n{"a": []}\n') == {"a": [[1], []]}


def test_workbooks(tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    cells = [["id", "v", "m", None, "d"], [1, 2.5, 3, None, dt.datetime(2020, 1, 2)]]
    for row in [*cells, [2, None, "n/a"], [], [3, "#DIV/0!", 4.0], []]:
        book.active.append(row)
    book.create_sheet("more")
    book.save(tmp_path / "t.xlsx")
    table = read_table(tmp_path / "t.xlsx")
    assert table.column_names == ("id", "v", "m", "d")
    np.testing.assert_array_equal(table.column("id"), [1, 2, np.nan, 3])
    np.testing.assert_array_equal(table.column("v"), [2.5, np.nan, np.nan, np.nan])
    assert table.column("m").tolist() == ["3", "n/a", None, "4"]
    assert table.column("d")[0] == dt.datetime(2020, 1, 2)
    assert "first of 2 sheets" in table.notes[0]
    openpyxl.Workbook().save(tmp_path / "e.xlsx")
    with pytest.raises(ValueError, match="first sheet is empty"):
        read_table(tmp_path / "e.xlsx")


def test_parquet_of_other_types(tmp_path):
    import decimal

    columns = {
        "d": pa.array([decimal.Decimal("1.50"), None]),
        "l": pa.array([[1, 2], None]),
        "t": pa.array([dt.datetime(2020, 1, 1), None]),
        "u": pa.array([1, None], pa.uint8()),
    }
    parquet.write_table(pa.table(columns), tmp_path / "t.pq")
    table = read_table(tmp_path / "t.pq")
    assert [table.kind(name) for name in columns] == ["number", "other", "other", "number"]
    assert table.column("l").tolist() == [[1, 2], None]
    assert table.cell("l", 1) == table.cell("t", 1) == table.cell("u", 1) == ""
    assert table.cell("d", 0) == "1.5"
