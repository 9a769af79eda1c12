"""Audits to report on: of images, texts and tables, hostile, tiny and large ones."""

from __future__ import annotations

import warnings
from html.parser import HTMLParser
from typing import Any

import numpy as np

from cupel.datalab import Datalab
from cupel.datalab._dataset import Dataset, Labels
from cupel.datalab._finding import Finding
from cupel.datalab._record import AuditRecord
from datalab_data import random_inputs

EVIL = [
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=1">',
    "'><svg onload=alert(1)><style>*{display:none}</style>",
    "</table></style></title><iframe src='https://example.com'></iframe>",
    "{{ 7*7 }}{% raw %}${7*7}",
    "<!--", "-->", "]]>", "&lt;b&gt; &amp;", "javascript:alert(1)",
    "a\x00b\x1b[31mred\x07\x85", "abc\u202egnp.exe\u2066\u200f", "\ud800 lone \udfff", "\ufffe\uffff",
    "line\nline\r\n\ttab", "", " ", "\u0301" * 50,
]  # fmt: skip
VOID = {"meta", "link", "img", "br", "input", "hr", "base", "col", "source", "embed", "wbr"}


def text_audit() -> Datalab:
    """Texts with labels in words, ids, and a split."""
    inputs = random_inputs(0, n=240)
    n = len(inputs.labels)
    data = {
        "name": [f"ex-{i:04d}" for i in range(n)],
        "review": [f"Review {i} says at some length that this is a {y}." for i, y in
                   enumerate(inputs.labels)],
        "part": np.where(np.arange(n) % 4 == 0, "test", "train"),
        "kind": inputs.labels,
    }  # fmt: skip
    lab = Datalab(data, label_name="kind", verbosity=0, id_name="name", split_name="part")
    find(lab, pred_probs=inputs.pred_probs, features=inputs.features)
    return lab


def many_classes_audit(k: int = 100, n: int = 3000) -> Datalab:
    """A table with a hundred classes of long names."""
    rng = np.random.default_rng(1)
    truth = np.concatenate([np.arange(k), rng.integers(0, k, n - k)])
    names = np.array([f"class {i:03d} with a name that is much too long for a table {i}" for i in
                      range(k)])  # fmt: skip
    features = 2 * rng.normal(size=(k, 8))[truth] + rng.normal(size=(n, 8))
    raw = rng.dirichlet(np.full(k, 0.05), n) + np.eye(k)[truth]
    given = truth.copy()
    given[::17] = (given[::17] + 1) % k
    data = {f"column {j}": features[:, j] for j in range(8)} | {"y": names[given]}
    lab = Datalab(data, label_name="y", verbosity=0)
    find(lab, pred_probs=raw / raw.sum(1, keepdims=True), features=features)
    return lab


def regression_audit(n: int = 300) -> Datalab:
    rng = np.random.default_rng(2)
    features = rng.normal(size=(n, 4))
    target = features @ [1.0, 2.0, 0.5, 0.0] + rng.normal(0, 0.1, n)
    given = target.copy()
    given[::29] += 8
    lab = Datalab({"a": features[:, 0], "price": given}, task="regression", label_name="price",
                  verbosity=0)  # fmt: skip
    find(lab, pred_probs=target, features=features)
    return lab


def multilabel_audit(n: int = 300) -> Datalab:
    rng = np.random.default_rng(3)
    truth = rng.random((n, 4)) < 0.4
    probs = np.clip(truth * 0.8 + 0.1 + rng.normal(0, 0.05, (n, 4)), 0.01, 0.99)
    probs[::31] = 1 - probs[::31]
    labels = [np.flatnonzero(row).tolist() for row in truth]
    lab = Datalab({"tags": labels}, task="multilabel", label_name="tags", verbosity=0)
    find(lab, pred_probs=probs, features=truth + rng.normal(0, 0.1, (n, 4)))
    return lab


def hostile_audit() -> Datalab:
    """Markup and worse wherever text can stand."""
    n = 120
    inputs = random_inputs(4, n=n, k=3)
    names = np.array(EVIL[:3], dtype=object)
    codes = np.unique(inputs.labels, return_inverse=True)[1]
    cells = [EVIL[i % len(EVIL)] for i in range(n)]
    cells[5] = "<b>" * 400_000
    data = {
        EVIL[0]: cells,
        EVIL[1]: cells[::-1],
        EVIL[3]: [f"{i} {EVIL[i % 4]}" for i in range(n)],
        "y<i>": names[codes],
    }
    lab = Datalab(data, label_name="y<i>", verbosity=0, id_name=EVIL[3])
    order = np.argsort(np.argsort(names[:3].astype(str)))
    probs = inputs.pred_probs[:, np.argsort(order)]
    find(lab, pred_probs=probs, features=inputs.features)
    record = lab._record
    record.errors[EVIL[0]] = " ".join(EVIL)
    record.parameters["label"] = {EVIL[1]: EVIL[2]}
    record.fingerprints[EVIL[0]] = EVIL[1]
    flags = np.arange(n) < 40
    evil = Finding(EVIL[2], flags, 1.0 - 0.5 * flags, 0.5, {EVIL[0]: EVIL},
                   {EVIL[1]: np.array(cells, dtype=object)})  # fmt: skip
    record.findings[EVIL[2]] = evil
    preflight = record.findings.get("preflight")
    if preflight is not None:
        preflight.info["warnings"] = [{"name": EVIL[0], "severity": "error", "message": EVIL[1]}]
    return lab


def bare_record(n: int, task: str = "classification", **columns: Any) -> AuditRecord:
    """A record in which nothing was looked for."""
    dataset = Dataset.load({"x": np.arange(n, dtype=float)} | columns,
                           label_name="y" if "y" in columns else None)  # fmt: skip
    return AuditRecord(task, dataset, Labels.load(dataset, task))


def find(lab: Datalab, **inputs: Any) -> None:
    """Look for everything but images; failures are part of the report."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lab.find_issues(**inputs)


class Page(HTMLParser):
    """Elements, ids, links and text of a page; what is not nested well is an error."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.errors: list[str] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        self.errors += [f"<{tag}> is left open" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()
        else:
            self.errors.append(f"</{tag}> within {self._open[-3:]}")

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def values(self, name: str) -> list[str]:
        return [value for _, attribute, value in self.attributes if attribute == name]
