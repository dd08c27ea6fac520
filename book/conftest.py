"""nbval judges the outputs of one execution of each chapter, which the pages show too.

A chapter whose code, data and modules are unchanged is not executed again: its cells are counted as
`unchanged`. The rules are those of nbval: a cell that fails or takes too long is a failure, and so
is an output that differs from the one in the notebook where a cell asks for the comparison (#
NBVAL_CHECK_OUTPUT).
"""

import itertools

import pytest
from cached_execution import run_once
from nbval.plugin import IPyNbFile


class Replay:
    """Replaces the kernel of nbval: returns the outputs of the executed chapter, cell by cell."""

    def __init__(self, cells, error):
        self.cells, self.error = iter(cells), error
        self.messages = iter(())

    def execute_cell_input(self, source, allow_stdin=None):
        """Go on to the cell with this source; raises the error that ended the execution, if any."""
        cell = next(cell for cell in self.cells if cell.source == source)
        if self.error is not None and cell.execution_count is None:
            raise self.error
        states = [{"msg_type": "status", "content": {"execution_state": "idle"}}]
        outputs = [{"msg_type": output.output_type, "content": output} for output in cell.outputs]
        self.messages = itertools.chain(outputs, states, itertools.repeat(states[0]))
        return "cell"

    def get_message(self, stream, timeout=None):
        return {**next(self.messages), "parent_header": {"msg_id": "cell"}}

    def await_reply(self, msg_id, timeout=None):
        """Nothing to wait for: the outputs are known."""

    await_idle = await_reply

    def is_alive(self):
        return True

    def stop(self):
        """Nothing runs."""


class Chapter(IPyNbFile):
    """A notebook whose cells nbval judges without running them again."""

    def setup(self):
        notebook, error, self.fresh = run_once(self.path, self.config.option.nbval_cell_timeout)
        self.kernel = Replay([cell for cell in notebook.cells if cell.cell_type == "code"], error)
        self.setup_sanitize_files()


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    found = yield
    return [
        Chapter.from_parent(parent, path=file_path) if isinstance(one, IPyNbFile) else one
        for one in found
    ]


def pytest_runtest_call(item):
    if isinstance(item.parent, Chapter) and not item.parent.fresh:
        item.user_properties.append(("unchanged", item.parent.path.stem))


def pytest_report_teststatus(report):
    if report.when == "call" and report.passed and "unchanged" in dict(report.user_properties):
        return "unchanged", "u", "UNCHANGED"


def pytest_terminal_summary(terminalreporter):
    names = {
        dict(report.user_properties)["unchanged"]
        for report in terminalreporter.stats.get("unchanged", [])
    }
    if names:
        terminalreporter.write_line(
            f"Unchanged chapters, not executed again: {', '.join(sorted(names))}"
        )
