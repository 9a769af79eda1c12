from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

import cupel.cli

MAIN = [sys.executable, "-m", "cupel.cli"]


@pytest.fixture
def files(tmp_path):
    pytest.importorskip("click")
    pytest.importorskip("rich")
    pytest.importorskip("pyarrow")
    from cli_data import planted, write_npy

    labels, probs = planted()
    return [write_npy(tmp_path / "labels.npy", labels), write_npy(tmp_path / "probs.npy", probs)]


@pytest.mark.parametrize("missing", [["click"], ["rich"], ["click", "rich", "pyarrow"]])
def test_missing_extras_are_one_line_and_code_2(monkeypatch, capsys, missing):
    for name in missing:
        monkeypatch.setitem(sys.modules, name, None)
    assert cupel.cli.main(["--help"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert 'pip install "cupel[cli]"' in err
    assert all(name in err for name in missing)


def test_import_is_light():
    code = "import sys, cupel.cli; print({'click', 'rich', 'pyarrow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_version_and_help(files, capsys):
    assert cupel.cli.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("cupel ")
    assert cupel.cli.main(["audit", "--help"]) == 0
    text = capsys.readouterr().out
    assert "Examples:" in text
    assert "= + - @" in text
    assert "Exit codes" in text
    assert cupel.cli.main(["--help"]) == 0
    assert "\b" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["audit"],
        ["audit", "only-one.npy"],
        ["audit", "a", "b", "--top", "-1"],
        ["audit", "a", "b", "--filter-by", "none"],
        ["audit", "a", "b", "--fail-over", "7"],
        ["audit", "a", "b", "--fail-over", "many"],
        ["audit", "a", "b", "--max-memory", "much"],
        ["audit", "a", "b", "--threads", "0"],
    ],
)
def test_bad_usage_is_code_2(files, capsys, arguments):
    assert cupel.cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err


def test_done_is_code_0(files, capsys):
    assert cupel.cli.main(["audit", *files]) == 0
    out, err = capsys.readouterr()
    assert "suspects" in out
    assert err == ""


@pytest.mark.parametrize(
    ("limit", "code"), [("0", 1), ("1%", 1), ("0.01", 1), ("50%", 0), ("1", 0), ("100%", 0)]
)
def test_gate(files, capsys, limit, code):
    assert cupel.cli.main(["audit", *files, "--fail-over", limit]) == code
    assert ("--fail-over" in capsys.readouterr().err) == bool(code)


def test_gate_is_exact_at_the_limit(files, capsys):
    assert cupel.cli.main(["audit", *files, "--json"]) == 0
    share = json.loads(capsys.readouterr().out)["summary"]["share_of_suspects"]
    assert cupel.cli.main(["audit", *files, "--fail-over", repr(share)]) == 0
    assert cupel.cli.main(["audit", *files, "--fail-over", repr(share - 1e-12)]) == 1


def test_interrupt_is_code_130(files, capsys, monkeypatch):
    import cupel.cli.inputs

    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(cupel.cli.inputs, "read_inputs", interrupted)
    assert cupel.cli.main(["audit", *files]) == 130
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err


def test_no_memory_is_code_2(files, capsys, monkeypatch):
    import cupel.cli.inputs

    def exhausted(*args):
        raise MemoryError

    monkeypatch.setattr(cupel.cli.inputs, "read_inputs", exhausted)
    assert cupel.cli.main(["audit", *files]) == 2
    assert "not enough memory" in capsys.readouterr().err


def test_what_the_core_refuses_names_the_files(files, capsys, tmp_path):
    from cli_data import planted, write_npy

    _labels, probs = planted()
    probs[17, 2] = float("nan")
    bad = write_npy(tmp_path / "bad.npy", probs)
    assert cupel.cli.main(["audit", files[0], bad]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "17" in err
    assert files[0] in err
    assert bad in err
    assert "--nan drop" in err
    assert "Traceback" not in err
    assert cupel.cli.main(["audit", files[0], bad, "--nan", "drop"]) == 0
    assert "239 rows   1 left out" in capsys.readouterr().out


def test_columns_are_named_where_the_core_refuses_a_table(files, capsys, tmp_path):
    from cli_data import planted, write_csv

    rows = [[i, *row] for i, row in enumerate(planted()[1].tolist())]
    table = write_csv(tmp_path / "p.csv", rows, ["size", "a", "b", "c", "d"])
    assert cupel.cli.main(["audit", files[0], table]) == 2
    assert "columns size, a, b, c, d (choose with --prob-columns)" in capsys.readouterr().err


def test_warnings_of_the_core_are_notes(files, capsys, tmp_path):
    from cli_data import planted, write_npy

    labels, _probs = planted()
    few = write_npy(tmp_path / "few.npy", labels)
    arguments = ["audit", few, files[1], "--min-examples", "1000", "--compat"]
    assert cupel.cli.main(arguments) == 0
    assert cupel.cli.main([*arguments, "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    assert "0 suspects" in out


def test_options_without_effect_are_told(files, capsys):
    options = ["--min-examples", "3", "--frac-noise", "0.5", "--collision", "confident"]
    assert cupel.cli.main(["audit", *files]) == 0
    out, _ = capsys.readouterr()
    assert cupel.cli.main(["audit", *files, *options]) == 0
    again, err = capsys.readouterr()
    assert again == out
    assert err.splitlines() == [
        f"cupel: note: {name} has no effect on the noise posterior; see --compat"
        for name in options[::2]
    ]
    for other in (["-q"], ["--compat"], ["--filter-by", "prune_by_class"]):
        assert cupel.cli.main(["audit", *files, *options, *other]) == 0
        assert "no effect" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "methods"),
    [
        ([], ["noise_posterior", "noise_posterior", False]),
        (["--compat"], ["prune_by_noise_rate", "self_confidence", True]),
        (["--rank-by", "normalized_margin"], ["noise_posterior", "normalized_margin", False]),
        (["--filter-by", "both"], ["both", "noise_posterior", False]),
        (["--compat", "--filter-by", "both"], ["both", "self_confidence", True]),
        (
            ["--compat", "--rank-by", "noise_posterior"],
            ["prune_by_noise_rate", "noise_posterior", True],
        ),
    ],
)
def test_methods_are_told(files, capsys, options, methods):
    assert cupel.cli.main(["audit", *files, *options, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    told = document["parameters"]
    assert [told["filter_by"], told["rank_by"], told["compat"]] == methods
    assert ("error_probability" in document["suspects"][0]) == (not methods[2])
    assert cupel.cli.main(["audit", *files, *options]) == 0
    assert f"by {methods[1].replace('_', ' ')} (0 worst" in capsys.readouterr().out


def test_json_is_all_there_is_on_stdout(files, tmp_path):
    output = tmp_path / "list.csv"
    done = subprocess.run(
        [*MAIN, "audit", *files, "--json", "--output", str(output)],
        capture_output=True,
        text=True,
        check=True,
    )
    document = json.loads(done.stdout)
    assert document["summary"]["rows"] == 240
    assert len(document["suspects"]) == document["summary"]["suspects"]
    assert "written" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
@pytest.mark.parametrize("extra", [[], ["--json"]])
def test_a_reader_that_leaves_is_no_error(files, tmp_path, extra):
    read, write = os.pipe()
    os.close(read)
    output = tmp_path / "list.jsonl"
    arguments = ["audit", *files, *extra, "--output", str(output), "--fail-over", "0", "-q"]
    done = subprocess.run(
        [*MAIN, *arguments], stdout=write, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(write)
    assert done.returncode == 1  # the gate's verdict, not the pipe's fate
    assert done.stderr.count("\n") == 1
    assert output.exists()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_full_standard_output_is_code_2(files):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [*MAIN, "audit", *files], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert "cannot write to the standard output" in done.stderr
    assert done.stderr.count("\n") == 1


def test_terminal_without_unicode(files):
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    classes = "cat,dog,räka,鳥"
    done = subprocess.run(
        [*MAIN, "audit", *files, "--classes", classes],
        capture_output=True,
        check=True,
        env=environment,
    )
    text = done.stdout.decode("ascii")
    assert "r\\xe4ka" in text
    assert "\\u2588" not in text  # bars have a plain form
    assert " > " in text  # and arrows
