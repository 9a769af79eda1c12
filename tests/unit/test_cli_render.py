from __future__ import annotations

import dataclasses
import io

import numpy as np
import pytest

pytest.importorskip("rich")
pa = pytest.importorskip("pyarrow")

from rich.console import Console

from cli_data import NAMES, faultless, planted
from cupel.cli.audit import run_audit
from cupel.cli.render import audit_view, figures_line
from cupel.cli.wording import percent

LABELS, PROBS = planted()
BOTH = pytest.mark.parametrize("compat", [False, True])


def shown(audit, width=100, top=5, **options):
    stream = io.StringIO()
    console = Console(file=stream, width=width, **options)
    console.print(audit_view(audit, console, top=top, remedy="look", ids=None))
    return stream.getvalue()


@pytest.mark.parametrize("width", [60, 80, 100, 140])
@pytest.mark.parametrize("names", [None, NAMES, [10 * name for name in NAMES]])
@BOTH
def test_nothing_is_wider_than_the_terminal(width, names, compat):
    from rich.cells import cell_len

    text = shown(run_audit(LABELS, PROBS, class_names=names, compat=compat), width)
    assert max(map(cell_len, text.splitlines())) <= width


@BOTH
def test_what_is_told(compat):
    audit = run_audit(LABELS, PROBS, class_names=NAMES, compat=compat)
    text = shown(audit, width=140)
    assert f"240 rows   4 classes   {audit.n_suspects} suspects" in text
    for i in range(5):
        assert str(audit.rows[i]) in text
        assert audit.reason(i) in text
    pair = audit.confused_pairs()[0]
    assert f"{NAMES[pair.given]} → {NAMES[pair.suggested]}" in text
    assert f"… and {audit.n_suspects - 5} more; look" in text


def test_small_tables_stand_side_by_side_where_they_fit():
    audit = run_audit(LABELS, PROBS)
    together = [line for line in shown(audit, 100).splitlines() if "given label" in line]
    assert "given → suggested" in together[0]
    together = [line for line in shown(audit, 60).splitlines() if "given label" in line]
    assert "given → suggested" not in together[0]


def test_the_errors_are_told():
    audit = run_audit(LABELS, PROBS)
    total = audit.posterior.expected.total
    assert f"   {total:.0f} errors expected ({percent(total / 240)})\n" in shown(audit)
    assert "±" not in shown(audit)
    assert "by noise posterior (0 worst, 1 best)" in shown(audit)
    compat = run_audit(LABELS, PROBS, compat=True)
    assert f"   {compat.estimated_errors} errors estimated\n" in shown(compat)
    assert "by self confidence (0 worst, 1 best)" in shown(compat)


@pytest.mark.parametrize(
    ("total", "told"),
    [(0.0, "0"), (1e-9, "<1"), (0.5, "<1"), (0.51, "1"), (98.4, "98"), (52345.6, "52,346")],
)
def test_expected_errors_in_whole_numbers(total, told):
    audit = run_audit(LABELS, PROBS)
    expected = dataclasses.replace(audit.posterior.expected, total=total)
    posterior = dataclasses.replace(audit.posterior, expected=expected)
    audit = dataclasses.replace(audit, posterior=posterior)
    assert f" suspects ({percent(audit.share)})   {told} errors expected (" in shown(audit, 140)


def test_figures_are_on_as_many_lines_as_they_need():
    figures = [("1,000", "rows"), ("10", "classes"), ("5", "errors expected (0.5%)")]
    whole = " 1,000 rows   10 classes   5 errors expected (0.5%)"
    assert figures_line(figures, len(whole)).plain == whole
    assert figures_line(figures, len(whole) - 1).plain == (
        " 1,000 rows   10 classes\n 5 errors expected (0.5%)"
    )
    assert figures_line(figures, 5).plain == (" 1,000 rows\n 10 classes\n 5 errors expected (0.5%)")


def test_only_no_noise_looks_like_none():
    audit = run_audit(LABELS, PROBS)
    text = shown(dataclasses.replace(audit, class_noise=np.array([0.0, 0.0004, 0.0006, 0.5])))
    assert [share in text for share in (" 0.0%", "<0.1%", " 0.1%", "50.0%")] == [True] * 4


@pytest.mark.parametrize(("compat", "end"), [(False, "%"), (True, "likely")])
def test_reasons_break_where_they_are_read(compat, end):
    audit = run_audit(LABELS, PROBS, class_names=NAMES, compat=compat)
    lines = [line for line in shown(audit, 80).splitlines() if f"{end};" in line]
    assert len(lines) == 5
    assert all(line.rstrip().endswith(";") for line in lines)


def test_names_are_neither_markup_nor_control_codes():
    names = ["[red]x[/red]", "\x1b[31mred", "a\u202eb", "[link=http://a]b"]
    text = shown(run_audit(LABELS, PROBS, class_names=names), 140, force_terminal=False)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[red]x[/red]" in text
    assert "\\x1b[31mred" in text


def test_no_colour_unless_on_a_terminal():
    audit = run_audit(LABELS, PROBS)
    assert "\x1b" not in shown(audit)
    assert "\x1b" in shown(audit, force_terminal=True, color_system="standard")


@BOTH
def test_nothing_found(compat):
    text = shown(run_audit(*faultless(), compat=compat))
    assert "0 suspects (0%)" in text
    assert "Classes" not in text


def test_rows_left_out_are_told():
    probs = PROBS.copy()
    probs[:7, 0] = np.nan
    text = shown(run_audit(LABELS, probs, nan="drop"))
    assert "233 rows   7 left out" in text


def test_many_classes_are_cut():
    labels, probs = planted(n=900, k=30)
    audit = run_audit(labels, probs)
    assert "… 20 more classes" in shown(audit)


def test_ids():
    audit = run_audit(LABELS, PROBS)
    stream = io.StringIO()
    console = Console(file=stream, width=100)
    ids = pa.array([f"img-{i}\x07" for i in range(len(LABELS))])
    console.print(audit_view(audit, console, top=3, remedy="", ids=ids))
    assert f"img-{audit.rows[0]}\\x07" in stream.getvalue()
