"""How the documentation is built: ``sphinx-build -W docs build/docs``, without a network."""

from __future__ import annotations

import re
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util.logging import getLogger

project = "cupel"
author = project_copyright = "The cupel authors"
version = release = version_of("cupel")

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "myst_parser"]
source_suffix = {".rst": "restructuredtext", ".md": "markdown"}
highlight_language = "none"
myst_heading_anchors = 4  # as on GitHub, where the guides are read, too

html_theme = "furo"
html_title = f"cupel {release}"
html_math_renderer = "mathml"  # which browsers draw themselves; MathJax comes from a network
html_copy_source = False
html_show_sphinx = False

# Signatures as they are written; the types of arguments are told in the docstrings.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_default_options = {"members": True}
python_maximum_signature_line_length = 100

napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_param = False
napoleon_use_rtype = False

_ROOT = Path(__file__).resolve().parents[1]
_LINK_OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./([^)#]+)(?:#[^)]*)?\)")


def _unlink_what_is_no_page(_app: Any, page: str, source: list[str]) -> None:
    """Leave the words of links to files outside of docs/, which only a clone has."""
    for _, path in _LINK_OUTSIDE.findall(source[0]):
        if not (_ROOT / path).exists():
            getLogger(__name__).warning("%s: link to %s, which is not there", page, path)
    source[0] = _LINK_OUTSIDE.sub(r"\1", source[0])


def _skip_what_others_define(*described: Any) -> bool | None:
    """Leave out fields of named tuples, told by the class's docstring, and scikit-learn's requests."""
    _, _, name, member, *_ = described
    is_field = type(member).__name__ == "_tuplegetter"
    return True if is_field or re.fullmatch(r"set_\w+_request", name) else None


def _join_continued_lines(*described: Any) -> None:
    """Make one line of types that go on behind a backslash."""
    lines = described[-1]
    lines[:] = re.sub(r"\\\n\s*", "", "\n".join(lines)).split("\n")


def _visit_math(writer: Any, node: Any) -> None:
    writer.body.append(tex2mathml(node.astext(), as_block=False))
    raise SkipNode


def _visit_display_math(writer: Any, node: Any) -> None:
    writer.body.append(tex2mathml(node.astext(), as_block=True))
    raise SkipNode


def setup(app: Any) -> None:
    """Connect the functions above."""
    app.connect("source-read", _unlink_what_is_no_page)
    app.connect("autodoc-process-docstring", _join_continued_lines, priority=400)
    app.connect("autodoc-skip-member", _skip_what_others_define)
    app.add_html_math_renderer("mathml", (_visit_math, None), (_visit_display_math, None))
