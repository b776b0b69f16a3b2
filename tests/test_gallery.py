"""The gallery shows every stored card, and every picture that it shows is there."""

from __future__ import annotations

from playground.pictures import GALLERY, PICTURES, ROOT, SCHEMES, gallery, names


def test_gallery_is_made_from_the_stored_cards() -> None:
    assert GALLERY.read_text(encoding="utf-8") == gallery(), "run make pictures"


def test_every_card_has_its_pictures_and_no_other() -> None:
    drawn = {path.name for path in PICTURES.glob("*.png")}
    assert drawn == {f"{name}-{scheme}.png" for name in names() for scheme in SCHEMES}


def test_pictures_of_the_readme_are_there() -> None:
    told = [part.split('"')[0] for part in (ROOT / "README.md").read_text().split('src="')[1:]]
    assert len(told) == 3
    assert all((ROOT / path).is_file() for path in told)
