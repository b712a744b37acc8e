import io
import re
from contextlib import redirect_stderr

import pytest

from pipeline.progress import Steps, say, track


class Screen(io.TextIOWrapper):
    """A stream that is a terminal."""

    def __init__(self) -> None:
        self.shown = io.BytesIO()
        super().__init__(self.shown, encoding="utf-8", write_through=True)

    def isatty(self) -> bool:
        return True

    @property
    def text(self) -> str:
        return self.shown.getvalue().decode()


def steps() -> None:
    work = Steps()
    work.begin("ingest")
    work.skip("extract")
    work.begin("validate")
    work.end("failed")
    work.end()


def test_each_step_has_its_line_on_a_terminal() -> None:
    screen = Screen()
    with redirect_stderr(screen):
        steps()
    lines = [re.sub(r"\d+\.\d", "N", line) for line in screen.text.splitlines()]
    assert lines == ["ingest     … done, N s", "extract    … unchanged", "validate   … failed, N s"]


def test_items_pass_through_with_a_bar_on_a_terminal() -> None:
    screen = Screen()
    with redirect_stderr(screen):
        assert list(track([1, 2, 3], "read")) == [1, 2, 3]
    assert "read" in screen.text


def test_a_pipe_stays_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    steps()
    say("something")
    assert list(track([1, 2], "read")) == [1, 2]
    assert capsys.readouterr() == ("", "")
