from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("click")
pytest.importorskip("rich")
pa = pytest.importorskip("pyarrow")

from pyarrow import parquet

from cli_data import NAMES, planted, write_csv, write_npy
from cupel.cli.errors import CliError
from cupel.cli.inputs import ReadOptions, read_inputs

LABELS, PROBS = planted()
TEXTS = [NAMES[k] for k in LABELS]


def write_parquet(path, **columns):
    parquet.write_table(pa.table(columns), path)
    return str(path)


def label_files(folder):
    """Files whose labels are positions, by form."""
    return {
        "npy": write_npy(folder / "y.npy", LABELS),
        "npy uint8": write_npy(folder / "y8.npy", LABELS.astype(np.uint8)),
        "npy big-endian": write_npy(folder / "yb.npy", LABELS.astype(">i4")),
        "npy float": write_npy(folder / "yf.npy", LABELS.astype(float)),
        "npy text": write_npy(folder / "yt.npy", LABELS.astype(str)),
        "npy column": write_npy(folder / "yc.npy", LABELS[:, None]),
        "csv bare": write_csv(folder / "bare.csv", [[y] for y in LABELS]),
        "csv header": write_csv(folder / "header.csv", [[y] for y in LABELS], ["label"]),
        "csv float": write_csv(folder / "float.csv", [[f"{y}.0"] for y in LABELS], ["label"]),
        "csv pandas": write_csv(folder / "pandas.csv", enumerate(LABELS), ["", "anything"]),
        "csv columns": write_csv(
            folder / "columns.csv",
            [[i, "a\nb, c", y] for i, y in enumerate(LABELS)],
            ["i", "t", "y"],
        ),
        "tsv": write_csv(folder / "y.tsv", [["x", y] for y in LABELS], ["i", "y"], delimiter="\t"),
        "parquet": write_parquet(folder / "y.parquet", label=LABELS),
        "parquet float": write_parquet(folder / "yf.parquet", label=LABELS.astype(float)),
        "parquet text": write_parquet(folder / "yt.pq", label=LABELS.astype(str).tolist()),
        "parquet dictionary": write_parquet(
            folder / "yd.parquet", label=pa.array(LABELS.astype(str)).dictionary_encode()
        ),
    }


def probability_files(folder):
    """Files of the same probabilities, by form."""
    columns = {f"p{k}": PROBS[:, k] for k in range(4)}
    rows = PROBS.tolist()
    np.savez(folder / "stored.npz", pred_probs=PROBS, other=np.zeros(3))
    np.savez_compressed(folder / "packed.npz", PROBS)
    return {
        "npy": write_npy(folder / "p.npy", PROBS),
        "npy fortran": write_npy(folder / "pf.npy", np.asfortranarray(PROBS)),
        "npy big-endian": write_npy(folder / "pb.npy", PROBS.astype(">f8")),
        "npz": str(folder / "stored.npz"),
        "npz packed": str(folder / "packed.npz"),
        "npz named": str(folder / "packed.npz") + ":arr_0",
        "csv bare": write_csv(folder / "bare.csv", rows),
        "csv positions": write_csv(folder / "positions.csv", rows, ["0", "1", "2", "3"]),
        "csv pandas": write_csv(
            folder / "pandas.csv", [[i, *row] for i, row in enumerate(rows)], ["", *"0123"]
        ),
        "tsv": write_csv(folder / "p.tsv", rows, delimiter="\t"),
        "parquet": write_parquet(folder / "p.parquet", **columns),
    }


def test_every_form_of_labels(tmp_path):
    probs = write_npy(tmp_path / "probs.npy", PROBS)
    for form, file in label_files(tmp_path).items():
        labels = read_inputs(file, probs).labels
        assert labels.dtype == np.int64, form
        np.testing.assert_array_equal(labels, LABELS, err_msg=form)


def test_every_form_of_probabilities_keeps_every_bit(tmp_path):
    labels = write_npy(tmp_path / "labels.npy", LABELS)
    for form, file in probability_files(tmp_path).items():
        matrix = read_inputs(labels, file).pred_probs
        np.testing.assert_array_equal(matrix, PROBS, err_msg=form)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floats_keep_their_width(tmp_path, dtype):
    labels = write_npy(tmp_path / "labels.npy", LABELS)
    narrow = PROBS.astype(dtype)
    if dtype == "float16" and int(pa.__version__.split(".")[0]) < 15:
        pytest.skip("this release of pyarrow cannot store float16 in Parquet")
    columns = {name: narrow[:, k] for k, name in enumerate(NAMES)}
    for file in (
        write_npy(tmp_path / "p.npy", narrow),
        write_parquet(tmp_path / "p.parquet", **columns),
    ):
        matrix = read_inputs(labels, file).pred_probs
        assert matrix.dtype == dtype
        np.testing.assert_array_equal(matrix, narrow)


def test_npy_is_mapped_not_read(tmp_path):
    labels = write_npy(tmp_path / "labels.npy", LABELS)
    matrix = read_inputs(labels, write_npy(tmp_path / "p.npy", PROBS)).pred_probs
    assert isinstance(matrix, np.memmap)
    assert not matrix.flags.writeable


def test_one_npz_holds_both(tmp_path):
    path = str(tmp_path / "run.npz")
    np.savez(path, given_labels=LABELS, pred_probs=PROBS, third=np.arange(3))
    inputs = read_inputs(path, path)
    np.testing.assert_array_equal(inputs.labels, LABELS)
    np.testing.assert_array_equal(inputs.pred_probs, PROBS)
    with pytest.raises(CliError, match=r"no array named nothing \(found: given_labels, pred_probs"):
        read_inputs(f"{path}:nothing", path)


def test_npz_where_the_array_cannot_be_guessed(tmp_path):
    path = str(tmp_path / "run.npz")
    np.savez(path, a=LABELS, b=PROBS)
    with pytest.raises(CliError, match=r"FILE.npz:NAME"):
        read_inputs(path, path)
    inputs = read_inputs(f"{path}:a", f"{path}:b")
    np.testing.assert_array_equal(inputs.labels, LABELS)


def test_one_table_holds_everything(tmp_path):
    rows = [
        [f"00{i}", text, *row]
        for i, (text, row) in enumerate(zip(TEXTS, PROBS.tolist(), strict=True))
    ]
    header = ["id", "label", *NAMES]
    columns = {name: [row[j] for row in rows] for j, name in enumerate(header)}
    for file in (
        write_csv(tmp_path / "all.csv", rows, header),
        write_parquet(tmp_path / "all.parquet", **columns),
    ):
        inputs = read_inputs(file, file, ReadOptions(id_column="id"))
        np.testing.assert_array_equal(inputs.labels, LABELS)
        np.testing.assert_array_equal(inputs.pred_probs, PROBS)
        assert inputs.class_names == NAMES
        assert [str(i) for i in inputs.ids.to_pylist()] == [f"00{i}" for i in range(len(LABELS))]
        assert "left out: id, label" in inputs.notes[0]


def test_columns_of_probabilities_can_be_chosen(tmp_path):
    labels = write_npy(tmp_path / "labels.npy", np.array(TEXTS))
    rows = [[7, *row] for row in PROBS.tolist()]
    probs = write_csv(tmp_path / "p.csv", rows, ["width", *NAMES])
    chosen = read_inputs(labels, probs, ReadOptions(prob_columns=",".join(NAMES[::-1])))
    np.testing.assert_array_equal(chosen.pred_probs, PROBS[:, ::-1])
    np.testing.assert_array_equal(chosen.labels, 3 - LABELS)
    with pytest.raises(CliError, match="no column 'fox' \\(--prob-columns\\)"):
        read_inputs(labels, probs, ReadOptions(prob_columns="cat,fox"))


@pytest.mark.parametrize("names", [NAMES, ["10", "20", "30", "40"], ["1", "2", "3", "4"]])
def test_labels_that_are_class_names(tmp_path, names):
    probs = write_csv(tmp_path / "p.csv", PROBS.tolist(), names)
    texts = [names[k] for k in LABELS]
    files = [
        write_npy(tmp_path / "y.npy", np.array(texts)),
        write_csv(tmp_path / "y.csv", [[text] for text in texts], ["label"]),
        write_csv(tmp_path / "bare.csv", [[text] for text in texts]),
        write_parquet(tmp_path / "y.parquet", label=texts),
    ]
    if names[0].isdigit():
        files.append(write_npy(tmp_path / "numbers.npy", np.array(texts).astype(int)))
    for file in files:
        inputs = read_inputs(file, probs)
        np.testing.assert_array_equal(inputs.labels, LABELS, err_msg=file)
        assert inputs.class_names == names


def test_positions_where_classes_have_names(tmp_path):
    probs = write_csv(tmp_path / "p.csv", PROBS.tolist(), NAMES)
    np.testing.assert_array_equal(
        read_inputs(write_npy(tmp_path / "y.npy", LABELS), probs).labels, LABELS
    )


def test_class_names_from_the_option(tmp_path):
    probs = write_npy(tmp_path / "p.npy", PROBS)
    labels = write_npy(tmp_path / "y.npy", np.array(TEXTS))
    listed = tmp_path / "names.txt"
    listed.write_text("\n".join(NAMES) + "\n", encoding="utf-8")
    for classes in (",".join(NAMES), ", ".join(NAMES), str(listed)):
        inputs = read_inputs(labels, probs, ReadOptions(classes=classes))
        assert inputs.class_names == NAMES
        np.testing.assert_array_equal(inputs.labels, LABELS)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ("a,b", "2 class names for 4 columns"),
        ("a,b,a,c", "class 2: 'a' is there twice"),
        ("a,,b,c", "class 1: the name is empty"),
        ("dog,cat,räka,鳥", "in another order than its own header"),
    ],
)
def test_class_names_that_do_not_fit(tmp_path, classes, message):
    probs = write_csv(tmp_path / "p.csv", PROBS.tolist(), NAMES)
    labels = write_npy(tmp_path / "y.npy", LABELS)
    with pytest.raises(CliError, match=message):
        read_inputs(labels, probs, ReadOptions(classes=classes))


@pytest.mark.parametrize(
    ("first", "second", "header"),
    [
        (["0.1", "0.9"], ["0.2", "0.8"], False),
        (["a", "b"], ["0.2", "0.8"], True),
        (["0", "1"], ["0.2", "0.8"], True),
        (["0", "1"], ["1", "0"], False),
        (["0", "1", "2"], ["1", "0", "0"], True),
        (["id7", "0.4", "0.6"], ["id8", "0.5", "0.5"], False),
        (["id", "0", "1"], ["a", "1e-3", "0.999"], True),
        (["1e-3", "1"], ["0", "1"], False),
    ],
)
def test_header_of_probabilities(first, second, header):
    from cupel.cli.tables import matrix_has_header

    assert matrix_has_header([first, second], ReadOptions()) == header
    assert matrix_has_header([first, second], ReadOptions(header=not header)) != header


def test_lengths_that_differ_tell_how_the_first_line_was_read(tmp_path):
    probs = write_csv(tmp_path / "p.csv", PROBS.tolist())
    labels = write_csv(tmp_path / "y.csv", [[y] for y in LABELS], ["0"])  # as pandas writes it
    with pytest.raises(CliError, match=r"241 labels .* 240 rows.*y.csv was read as data.*--header"):
        read_inputs(labels, probs)
    probs = write_npy(tmp_path / "p.npy", PROBS)
    np.testing.assert_array_equal(
        read_inputs(labels, probs, ReadOptions(header=True)).labels, LABELS
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("catt", "row 5: label 'catt' is not one of the 4 classes; did you mean 'cat'"),
        ("xyzzy", "row 5: label 'xyzzy' is not one of the 4 classes: cat, dog"),
        ("", "row 5"),
        ("3", "row 5: label '3' is not one of the 4 classes"),
    ],
)
def test_names_that_are_not_there(tmp_path, value, message):
    texts = list(TEXTS)
    texts[5] = value
    probs = write_csv(tmp_path / "p.csv", PROBS.tolist(), NAMES)
    for file in (
        write_csv(tmp_path / "y.csv", [[i, text] for i, text in enumerate(texts)], ["i", "label"]),
        write_parquet(tmp_path / "y.parquet", label=texts),
    ):
        with pytest.raises(CliError, match=message) as error:
            read_inputs(file, probs)
        assert file in str(error.value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (4, r"row 9: label '4' is outside 0\.\.3"),
        (-1, r"row 9: label '-1' is outside 0\.\.3"),
        (10**12, r"row 9: label '1000000000000' is outside 0\.\.3"),
        (1.5, r"row 9: label 1\.5 is not an integer"),
        (np.nan, "row 9 has no label"),
        (np.inf, "row 9: label inf is not an integer"),
    ],
)
def test_positions_that_are_not_there(tmp_path, value, message):
    labels = LABELS.astype(type(value))
    labels[9] = value
    probs = write_npy(tmp_path / "p.npy", PROBS)
    for file in (
        write_npy(tmp_path / "y.npy", labels),
        write_parquet(tmp_path / "y.parquet", label=labels),
    ):
        with pytest.raises(CliError, match=message):
            read_inputs(file, probs)


def test_text_without_class_names(tmp_path):
    probs = write_npy(tmp_path / "p.npy", PROBS)
    labels = write_npy(tmp_path / "y.npy", np.array(TEXTS))
    with pytest.raises(CliError, match="classes have no names; give them with --classes"):
        read_inputs(labels, probs)


def test_missing_label_in_parquet(tmp_path):
    probs = write_npy(tmp_path / "p.npy", PROBS)
    labels = write_parquet(
        tmp_path / "y.parquet", label=[None if i == 3 else 0 for i in range(240)]
    )
    with pytest.raises(CliError, match="row 3 has no label"):
        read_inputs(labels, probs)


def test_empty_cells_are_nan(tmp_path):
    rows = [[str(p) for p in row] for row in PROBS]
    rows[4][1], rows[6][2] = "", "NaN"
    labels = write_npy(tmp_path / "y.npy", LABELS)
    matrix = read_inputs(labels, write_csv(tmp_path / "p.csv", rows)).pred_probs
    assert np.argwhere(np.isnan(matrix)).tolist() == [[4, 1], [6, 2]]


def test_a_cell_that_is_no_number_is_named(tmp_path):
    rows = [[str(p) for p in row] for row in PROBS]
    rows[100][2] = "0,5"
    labels = write_npy(tmp_path / "y.npy", LABELS)
    with pytest.raises(CliError, match=r"p.csv: line 102, column 'räka': invalid value '0,5'"):
        read_inputs(labels, write_csv(tmp_path / "p.csv", rows, NAMES))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ReadOptions(label_column="nope"), "no column 'nope' .*its columns: id, first, second"),
        (ReadOptions(), "which column holds the labels"),
        (ReadOptions(label_column="first", id_column="nope"), "no column 'nope' \\(--id-column"),
    ],
)
def test_columns_that_are_not_there(tmp_path, options, message):
    probs = write_npy(tmp_path / "p.npy", PROBS)
    labels = write_csv(
        tmp_path / "y.csv", [[i, y, y] for i, y in enumerate(LABELS)], ["id", "first", "second"]
    )
    with pytest.raises(CliError, match=message):
        read_inputs(labels, probs, options)


def test_ids_need_a_table(tmp_path):
    labels = write_npy(tmp_path / "y.npy", LABELS)
    probs = write_npy(tmp_path / "p.npy", PROBS)
    with pytest.raises(CliError, match="only tables"):
        read_inputs(labels, probs, ReadOptions(id_column="id"))


def test_duplicate_column(tmp_path):
    labels = write_npy(tmp_path / "y.npy", LABELS)
    probs = write_csv(tmp_path / "p.csv", PROBS.tolist(), ["a", "b", "a", "c"])
    with pytest.raises(CliError, match="class 2: 'a' is there twice; name the classes"):
        read_inputs(labels, probs)
    inputs = read_inputs(labels, probs, ReadOptions(classes="a,b,c,d"))
    np.testing.assert_array_equal(inputs.pred_probs, PROBS)
    with pytest.raises(CliError, match="more than one column 'a' \\(--prob-columns\\)"):
        read_inputs(labels, probs, ReadOptions(prob_columns="a,b"))


def test_duplicate_column_in_parquet(tmp_path):
    labels = write_npy(tmp_path / "y.npy", LABELS)
    columns = [pa.array(PROBS[:, k]) for k in range(4)]
    parquet.write_table(pa.Table.from_arrays(columns, list("abac")), tmp_path / "p.parquet")
    with pytest.raises(CliError, match="more than one column is called 'a'"):
        read_inputs(labels, str(tmp_path / "p.parquet"), ReadOptions(classes="a,b,c,d"))


def test_labels_beside_the_probabilities_are_no_probabilities(tmp_path):
    """Even under another path to the same file, or in a copy of it."""
    rows = [[i, y, *row] for i, (y, row) in enumerate(zip(LABELS % 2, PROBS.tolist(), strict=True))]
    header = ["", "label", *NAMES]
    file = write_csv(tmp_path / "all.csv", rows, header)
    write_csv(tmp_path / "copy.csv", rows, header)
    (tmp_path / "folder").mkdir()
    for other in ("all.csv", "folder/../all.csv", "copy.csv"):
        inputs = read_inputs(file, str(tmp_path / other))
        np.testing.assert_array_equal(inputs.pred_probs, PROBS)
        np.testing.assert_array_equal(inputs.labels, LABELS % 2)
        assert inputs.columns == NAMES
    file = write_csv(tmp_path / "all.csv", rows, ["", "truth", *NAMES])
    inputs = read_inputs(file, file, ReadOptions(label_column="truth"))
    np.testing.assert_array_equal(inputs.pred_probs, PROBS)
    assert inputs.columns == NAMES


def test_byte_order_mark_and_blank_lines(tmp_path):
    labels = write_npy(tmp_path / "y.npy", np.array(TEXTS))
    path = tmp_path / "p.csv"
    write_csv(path, PROBS.tolist(), NAMES)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes() + b"\r\n")
    inputs = read_inputs(labels, str(path))
    assert inputs.class_names == NAMES
    np.testing.assert_array_equal(inputs.pred_probs, PROBS)
