"""ES modules put together as one script; each form that is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from samhq_demo.ui.modules import joined_modules


def written(folder: Path, **modules: str) -> Path:
    for name, text in modules.items():
        (folder / f"{name.replace('_', '-')}.js").write_text(text, encoding="utf-8")
    return folder


def test_modules_stand_before_those_that_import_them(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        start='// Head\n\nimport { One } from "./one.js";\nexport function start() {}\n',
        one='import {\n  TWO,\n  three,\n} from "./two-three.js";\nexport class One {}\nconst TWICE = 1;\n',
        two_three="export const TWO = 2;\nexport async function three() {}\nconst TWICE = 2;\n",
        aside="export const UNUSED = 1;\n",
    )
    assert joined_modules(folder, entry="start") == (
        "const modules = {};\n"
        'modules["two-three"] = (() => { // ---- two-three.js\n'
        "const TWO = 2;\nasync function three() {}\nconst TWICE = 2;\n"
        "return { TWO, three };\n})();\n"
        'modules["one"] = (() => { // ---- one.js\n'
        'const {\n  TWO,\n  three,\n} = modules["two-three"];\nclass One {}\nconst TWICE = 1;\n'
        "return { One };\n})();\n"
        'modules["start"] = (() => { // ---- start.js\n'
        '// Head\n\nconst { One } = modules["one"];\nfunction start() {}\n'
        "return { start };\n})();"
    )


@pytest.mark.parametrize(
    "line",
    [
        "export default start;",
        "export { start };",
        "export let changing = 1;",
        "export const { a, b } = both;",
        'export * from "./one.js";',
        'import "./one.js";',
        'import one from "./one.js";',
        'import * as one from "./one.js";',
        'import { ONE as other } from "./one.js";',
        'import { ONE } from "one";',
        '  import { ONE } from "./one.js";',
        'const later = () => import("./one.js");',
        "const here = import.meta.url;",
    ],
)
def test_other_forms_are_refused(tmp_path: Path, line: str) -> None:
    folder = written(tmp_path, start=f"const start = 1;\n{line}\n", one="export const ONE = 1;\n")
    with pytest.raises(ValueError, match=r"start\.js has a form that is not known here: .*(im|ex)port"):
        joined_modules(folder, entry="start")


def test_doc_comments_are_left_out_and_lines_keep_their_numbers(tmp_path: Path) -> None:
    head = '/**\n * import("./none.js") in words\n */\n'
    text = head + "export const ONE =\n/** @type {1} */ (1);\n  /** F. */\nf();\n"
    assert joined_modules(written(tmp_path, one=text), entry="one") == (
        'const modules = {};\nmodules["one"] = (() => { // ---- one.js\n'
        "\n\n\nconst ONE =\n/** @type {1} */ (1);\n\nf();\nreturn { ONE };\n})();"
    )


def test_circles_are_refused(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        one='import { two } from "./two.js";\nexport const one = 1;\n',
        two='import { one } from "./one.js";\nexport const two = 2;\n',
    )
    with pytest.raises(ValueError, match=r"in a circle: (one <- two <- one|two <- one <- two)"):
        joined_modules(folder, entry="one")


def test_names_that_are_not_exported_are_refused(tmp_path: Path) -> None:
    folder = written(tmp_path, start='import { ONE, two } from "./one.js";\n', one="export const ONE = 1;\n")
    with pytest.raises(ValueError, match=r"start\.js imports what one\.js does not export: two"):
        joined_modules(folder, entry="start")


def test_a_missing_module_is_named(tmp_path: Path) -> None:
    folder = written(tmp_path, start='import { ONE } from "./none.js";\n')
    with pytest.raises(ValueError, match=r"no module none\.js"):
        joined_modules(folder, entry="start")
