"""Names folded for search: what people write alike is found alike, in any script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.folding import fold
from tests.stories import when
from tests.unit.test_catalogue import catalogue


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    """Whatever the script."""
    assert fold(fold(text)) == fold(text)


@given(st.text(alphabet="اأإآٱىيیةهہكکـًٌٍَُِّْٰ ءؤئ"))
def test_folding_arabic_twice_is_folding_once(text: str) -> None:
    """Every letter form and vowel sign that is folded, in any order."""
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_case_does_not_matter(text: str) -> None:
    """Where folding case is all that upper case does to a text."""
    if text.upper().casefold() == text.casefold():
        assert fold(text.upper()) == fold(text)


@pytest.mark.parametrize(
    ("written", "searched"),
    [
        ("Hama", "HAMA"),
        ("Hama", "  hama "),
        ("al-Qāmišlī", "Al Qamisli"),
        ("Ma'arrat al-Nu'man", "maarrat al numan"),
        ("Maʿarrat an-Nuʿmān", "Ma’arrat an Nu’man"),
        ("Afrîn", "afrin"),
        ("Şırnak", "sirnak"),
        ("Straße", "STRASSE"),
        ("حماة", "حماه"),
        ("إدلب", "ادلب"),
        ("أعزاز", "اعزاز"),
        ("آمد", "امد"),
        ("ٱلرقة", "الرقة"),
        ("الحسكة", "الحسکه"),
        ("منبج ـــ", "منبج"),
        ("حَمَاة", "حماة"),
        ("مصطفى", "مصطفي"),
        ("سلمی", "سلمي"),
        ("طريق ٥", "طريق 5"),
        ("Київ", "київ"),
        ("Ἀθῆναι", "αθηναι"),
        ("Te\u200dll", "tell"),
    ],
)
def test_what_is_written_is_found_by_what_is_searched(written: str, searched: str) -> None:
    """Each pair is one name to whoever searches."""
    assert fold(written) == fold(searched)


@pytest.mark.parametrize(("one", "other"), [("Hama", "Homs"), ("حماة", "حمص"), ("al-Bab", "albab"), ("5", "6")])
def test_different_names_stay_different(one: str, other: str) -> None:
    """Folding brings spellings together, not places."""
    assert fold(one) != fold(other)


def test_a_place_is_found_by_any_name_or_code_or_a_part_of_one() -> None:
    """In any script; the whole name by `search`, a part of it by `search_part`."""
    hama = {"type": "LocationRegistered", "location_id": "sy-hama", "name": "Hama", "kind": "city",
            "names": {"ar": "حماة"}, "codes": {"pcode": "SY05"}}  # fmt: skip
    found = catalogue(hama, hama | {"location_id": "sy-homs", "name": "Homs", "names": {}, "codes": {}})

    for text in ("hama", "حماه", "sy05", "SY-HAMA", "ḥama"):
        assert [one.location_id for one in found.search(text, when("12-01"), 2)] == ["sy-hama"]
    assert [one.location_id for one in found.search("ham", when("12-01"), 2)] == []
    assert [one.location_id for one in found.search_part("ham", when("12-01"), 2)] == ["sy-hama"]
    assert [one.location_id for one in found.search_part("ماه", when("12-01"), 2)] == ["sy-hama"]
    assert len(found.search_part("sy", when("12-01"), 2)) == 2
    assert found.search_part("sy", when("12-01"), 0) == []
