"""The status line follows what is selected, chosen, cleared, deleted and undone."""

from __future__ import annotations

import pytest

from testbed.person import Person

pytestmark = pytest.mark.browser


def agreement(person: Person) -> str:
    return person.page.inner_text("#viewer tr.selected [data-key=agreement]")


def says(person: Person, words: str) -> None:
    person.page.locator("#status", has_text=words).wait_for()


def test_the_status_is_of_the_selected_object_and_the_chosen_candidate(person: Person) -> None:
    person.ask(300, 200)
    first = agreement(person)
    says(person, f"Object 1: agreement {first}.")
    person.press("3")
    assert agreement(person) != first
    says(person, f"Object 1: agreement {agreement(person)}.")
    person.press("n")
    says(person, "Object 2: click it")
    before = person.revision
    person.drag((400, 100), (500, 300))
    person.sees_answer(before)
    says(person, f"Object 2: agreement {agreement(person)}.")
    person.press("k")
    says(person, f"Object 1: agreement {agreement(person)}.")
    person.press("c")
    says(person, "Object 1: click it, or drag a box around it.")
    person.press("Control+z")
    says(person, f"Object 1: agreement {agreement(person)}.")
    # Another choice asks for both objects again, the selected one first: its own line stays.
    before = person.revision
    person.opens("options")
    person.page.get_by_label("SAM-HQ's mask", exact=True).select_option("true")
    person.sees_answer(before + 1)
    says(person, f"Object 1: agreement {agreement(person)}.")
    person.opens("objects")
    person.page.get_by_label("Delete Object 1").click()
    says(person, f"Object 2: agreement {agreement(person)}.")
