"""Uploaded files in the forms in which two versions of ipywidgets give them."""

import ipywidgets
import pytest
import traitlets

from bassnb.widgets.upload import take_file
from tests.widgets.test_studio import file, upload


class Button7(traitlets.HasTraits):
    """The traits of the FileUpload of ipywidgets 7 and how they depend on each other."""

    value = traitlets.Dict(read_only=True)
    metadata, data = traitlets.List(), traitlets.List()
    _counter = traitlets.Int()

    @traitlets.observe("_counter")
    def _arrived(self, change):
        files = zip(self.metadata, self.data)
        self.set_trait("value", {m["name"]: {"metadata": m, "content": c} for m, c in files})


@pytest.mark.parametrize("make", [ipywidgets.FileUpload, Button7])
def test_a_file_is_taken_once_and_the_button_is_empty_then(make):
    button, seen = make(), []
    button.observe(lambda change: seen.append(bool(change["new"])), names="value")
    assert take_file(button) is None
    for content in (b"one", b"two", b"two"):
        upload(button, file(content, "a.wav"))
        taken = take_file(button)
        assert taken["name"] == "a.wav" and bytes(taken["content"]) == content
        assert not button.value and take_file(button) is None
    assert seen == [True, False] * 3
