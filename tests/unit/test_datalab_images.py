"""Pictures: folders of them, tables beside them, and what a column may hold."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from cupel.datalab._dataset import Dataset, DatasetLoadError
from cupel.datalab.reading.table import read_table


def picture(path, value: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 3), (value, 0, 0)).save(path)


def test_one_folder_per_class(tmp_path):
    for i, name in enumerate(("cat/1.png", "cat/more/2.JPG", "dog/1.png", ".hidden/x.png")):
        picture(tmp_path / name, 10 * i)
    (tmp_path / "cat" / "readme.md").write_text("x")
    (tmp_path / "cat" / ".DS_Store").write_text("x")
    table = read_table(tmp_path)
    assert table.column("image").tolist() == ["cat/1.png", "cat/more/2.JPG", "dog/1.png"]
    assert table.column("label").tolist() == ["cat", "cat", "dog"]
    assert (table.label_name, table.image_key, table.feature_names) == ("label", "image", ())
    assert table.notes == ("left out files that are no pictures: 1",)
    assert table.image(2).getpixel((0, 0)) == (20, 0, 0)
    assert table.cell("image", 0) == "cat/1.png"
    assert Dataset.load(str(tmp_path)).label_name == "label"


def test_folders_of_splits_come_first(tmp_path):
    for name in ("train/cat/1.png", "train/dog/1.png", "test/cat/1.png"):
        picture(tmp_path / name)
    table = read_table(tmp_path, split_name="split")
    assert table.column("split").tolist() == ["test", "train", "train"]
    assert table.column("label").tolist() == ["cat", "cat", "dog"]
    alone = read_table(tmp_path / "train" / "cat")
    assert alone.column_names == ("image",)
    assert alone.label_name is None


def test_a_table_beside_the_pictures(tmp_path):
    picture(tmp_path / "a.png", 7)
    table_path = tmp_path / "metadata.csv"
    table_path.write_text("file_name,label,age\na.png,cat,3\n,dog,4\n")
    for path in (tmp_path, table_path):
        table = read_table(path, label_name="label")
        assert table.column_names == ("image", "file_name", "label", "age")
        assert table.image(0).getpixel((0, 0)) == (7, 0, 0)
        assert table.image(1) is None
        assert table.kind("image") == "image"
    for name, why in (
        ("b.png", "no such file"),
        ("../a.png", "outside"),
        (str(tmp_path.parent), "out"),
    ):
        table_path.write_text(f"file_name,label\na.png,cat\n{name},dog\n")
        with pytest.raises(DatasetLoadError, match=f"of row 1 is .*{why}"):
            read_table(tmp_path)
    table_path.write_text("name,label\na.png,cat\n")
    with pytest.raises(DatasetLoadError, match=r"no column 'file_name'.*name, label"):
        read_table(tmp_path)


def test_folders_that_are_wrong(tmp_path):
    with pytest.raises(DatasetLoadError, match="holds no pictures"):
        read_table(tmp_path)
    picture(tmp_path / "cat" / "1.png")
    picture(tmp_path / "2.png")
    with pytest.raises(DatasetLoadError, match=r"2\.png is in no folder of a class"):
        read_table(tmp_path)


def test_what_a_column_may_hold(tmp_path):
    picture(tmp_path / "a.png", 9)
    encoded = (tmp_path / "a.png").read_bytes()
    huge = io.BytesIO()
    Image.new("1", (20_000, 10_000)).save(huge, "PNG")
    values = [
        Image.open(tmp_path / "a.png"),
        str(tmp_path / "a.png"),
        tmp_path / "a.png",
        encoded,
        {"bytes": encoded, "path": None},
        {"bytes": None, "path": str(tmp_path / "a.png")},
        np.full((3, 4, 3), 9, np.uint8),
    ]
    wrong = [
        encoded[:40],
        b"",
        "none.png",
        3,
        huge.getvalue(),
        {"bytes": None, "path": None},
        object(),
    ]
    dataset = Dataset.load({"im": [*values, *wrong, None]}, image_key="im")
    for row in range(len(values)):
        assert dataset.image(row).size == (4, 3), row
        assert dataset.image(row).getpixel((0, 0))[0] == 9
    for row in range(len(values), len(values) + len(wrong)):
        assert dataset.image(row) is None
        with pytest.raises(ValueError, match=f"column 'im', row {row}: no picture can be read"):
            dataset.image(row, strict=True)
    assert dataset.image(len(values) + len(wrong), strict=True) is None
    assert dataset.cell("im", 1) == dataset.cell("im", 0) == str(tmp_path / "a.png")
    assert dataset.cell("im", 3) == dataset.cell("im", 4) == "image"
