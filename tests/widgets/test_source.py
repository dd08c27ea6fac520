"""Code shown in a chapter: the package's own, shortened only in its docstrings."""

import ast
import inspect

import pytest

from bassnb import guidance, sampling
from bassnb.attention import SelfAttention
from bassnb.errors import BassnbError
from bassnb.widgets import show_source


def test_the_code_is_that_of_the_package():
    shown = show_source(guidance.classifier_free_guidance, guidance.rescale)
    assert shown.place == "bassnb/guidance.py"
    for function in (guidance.classifier_free_guidance, guidance.rescale):
        body = inspect.getsource(function).split('"""')[-1].strip()
        assert body in shown.code
    assert (
        "Parameters" not in shown.code
        and "Parameters" in show_source(guidance.rescale, docstrings=True).code
    )
    assert shown._repr_markdown_().startswith("From `bassnb/guidance.py`:\n\n```python\ndef ")


def test_a_class_keeps_its_methods_and_remains_code():
    shown = show_source(SelfAttention)
    tree = ast.parse(shown.code)
    methods = [node.name for node in tree.body[0].body if isinstance(node, ast.FunctionDef)]
    assert methods == [
        name for name, thing in vars(SelfAttention).items() if inspect.isfunction(thing)
    ]
    assert len(ast.get_docstring(tree.body[0]).splitlines()) == 1


def test_what_cannot_be_shown_is_refused_in_a_sentence():
    with pytest.raises(BassnbError, match="no code to show"):
        show_source()
    with pytest.raises(BassnbError, match="no source in bassnb"):
        show_source(len)
    with pytest.raises(BassnbError, match="no source in bassnb"):
        show_source(ast.parse)
    with pytest.raises(BassnbError, match="a cell for each file"):
        show_source(guidance.rescale, sampling.ddim)
