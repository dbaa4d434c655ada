"""An evaluation in the page: the command's numbers, rows that open, files that are no good."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from samhq_demo.evaluation import command
from samhq_demo.evaluation.few import GivenFile
from samhq_demo.evaluation.options import EvaluationOptions, PromptKind
from samhq_demo.pictures import read_picture
from samhq_demo.service import CompareService, build_service
from samhq_demo.settings import Settings
from samhq_demo.ui.evaluating import Evaluations, Progress, Result
from samhq_demo.ui.handlers import Handlers
from samhq_demo.ui.opening import Opening
from samhq_demo.ui.store import PictureStore
from tests.support.data_sets import BLOB, STRIPE, folders_set, label_map, picture_of, save


@pytest.fixture(scope="module")
def tiny() -> CompareService:
    return build_service(Settings(model="tiny"))


@pytest.fixture
def evaluations(
    tiny: CompareService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Evaluations]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    yield Evaluations(tiny)


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    """Two pictures; the second has two objects."""
    folder = folders_set(tmp_path / "drawn", names=("a", "b"))
    save(picture_of(BLOB, STRIPE), folder / "im" / "b.jpg")
    save(label_map(BLOB, STRIPE), folder / "gt" / "b.png")
    return folder


def files(folder: Path) -> list[GivenFile]:
    return [GivenFile(path, path.name) for path in sorted(folder.iterdir())]


def evaluated(evaluations: Evaluations, folder: Path, *, prompt: PromptKind = "box") -> Result:
    *progress, result = evaluations.evaluate(
        files(folder / "im"), files(folder / "gt"), None, options=EvaluationOptions(prompt), model=None
    )
    assert [each.done for each in progress if isinstance(each, Progress)] == [0, 1, 2]
    assert isinstance(result, Result)
    return result


@pytest.mark.parametrize("prompt", ["box", "clicks"])
def test_the_numbers_are_the_commands(evaluations: Evaluations, drawn: Path, prompt: PromptKind) -> None:
    command.main([str(drawn), "--model", "tiny", "--prompt", prompt, "--gallery", "0"])
    report = (drawn.with_name("drawn-evaluation") / "report.md").read_text()

    def tables(text: str) -> list[str]:
        return [line for line in text.splitlines() if line.startswith("|")]

    assert len(tables(report)) > 6
    assert tables(evaluated(evaluations, drawn, prompt=prompt).report) == tables(report)


def test_every_row_opens_with_its_prompt_and_truth(
    evaluations: Evaluations, tiny: CompareService, drawn: Path
) -> None:
    result = evaluated(evaluations, drawn)
    buttons = re.findall(r"data-row='(\d+)' aria-label='Open ([^']*?)'", result.results)
    assert [name for _, name in buttons[:3]] == ["im/a.jpg: object", "im/b.jpg: 1", "im/b.jpg: 2"]
    assert result.results.count("<img ") == 3 * (len(buttons) - 3)
    row = evaluations.open(result.key, 2)
    assert read_picture(row.picture).size_wh == (row.saved["image"]["width"], row.saved["image"]["height"])
    handlers = Handlers(tiny, store=PictureStore(), examples=(), opening=Opening(tiny, ()))
    _, message, _ = handlers.take_evaluated(row)
    (shown,) = message["objects"]
    box = shown["prompt"]["box"]
    assert box is not None
    x0, y0, x1, y1 = box
    assert STRIPE[round(y0) : round(y1), round(x0) : round(x1)].sum() == STRIPE.sum()
    assert shown["truth"] is not None
    assert "model" not in message["settings"]
    json.dumps(message)


def test_what_is_not_there_is_told(evaluations: Evaluations, drawn: Path) -> None:
    result = evaluated(evaluations, drawn)
    for row in (3, -1, "0", None, True):
        with pytest.raises(ValueError, match="no such row"):
            evaluations.open(result.key, row)
    for key in (None, "another"):
        with pytest.raises(ValueError, match="evaluate them again"):
            evaluations.open(key, 0)
    evaluations.open(result.key, 0).picture.unlink()
    with pytest.raises(ValueError, match="evaluate them again"):
        evaluations.open(result.key, 0)


def test_files_that_are_no_good_are_skipped_and_told(evaluations: Evaluations, drawn: Path) -> None:
    Image.open(drawn / "gt" / "a.png").resize((11, 7)).save(drawn / "gt" / "a.png")
    result = evaluated(evaluations, drawn)
    assert "Skipped: 1." in result.report
    assert re.search(r"- im/a\.jpg: a\.png: .*11", result.report)
    (drawn / "gt" / "b.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="No object was measured in 0 pictures"):
        evaluated(evaluations, drawn)


def test_who_leaves_ends_it(evaluations: Evaluations, drawn: Path) -> None:
    news = evaluations.evaluate(
        files(drawn / "im"), files(drawn / "gt"), None, options=EvaluationOptions(), model=None
    )
    assert next(news) == Progress(0, 2)
    assert next(news) == Progress(1, 2)
    news.close()
    assert list(news) == []
    assert not evaluations._kept
