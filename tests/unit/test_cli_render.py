from __future__ import annotations

import dataclasses
import io

import numpy as np
import pytest

pytest.importorskip("rich")
pa = pytest.importorskip("pyarrow")

from rich.console import Console

from cli_data import NAMES, planted
from cupel.cli.audit import run_audit
from cupel.cli.render import audit_view

LABELS, PROBS = planted()


def shown(audit, width=100, top=5, **options):
    stream = io.StringIO()
    console = Console(file=stream, width=width, **options)
    console.print(
        audit_view(audit, console, top=top, rank_by="self_confidence", remedy="look", ids=None)
    )
    return stream.getvalue()


@pytest.mark.parametrize("width", [60, 80, 100, 140])
@pytest.mark.parametrize("names", [None, NAMES, [10 * name for name in NAMES]])
def test_nothing_is_wider_than_the_terminal(width, names):
    from rich.cells import cell_len

    text = shown(run_audit(LABELS, PROBS, class_names=names), width)
    assert max(map(cell_len, text.splitlines())) <= width


def test_what_is_told():
    audit = run_audit(LABELS, PROBS, class_names=NAMES)
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


def test_reasons_break_where_they_are_read():
    audit = run_audit(LABELS, PROBS, class_names=NAMES)
    lines = [line for line in shown(audit, 80).splitlines() if "likely;" in line]
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


def test_nothing_found():
    audit = run_audit(LABELS, PROBS)
    none = {
        name: getattr(audit, name)[:0]
        for name in ("rows", "given", "suggested", "scores", "given_probs", "suggested_probs")
    }
    text = shown(dataclasses.replace(audit, **none))
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
    console.print(audit_view(audit, console, top=3, rank_by="self_confidence", remedy="", ids=ids))
    assert f"img-{audit.rows[0]}\\x07" in stream.getvalue()
