"""The camera of the tour: pictures of what a screen shows, none of them heavy."""

from pathlib import Path

from playwright.sync_api import Page

HERE = Path(__file__).parent
QUALITY = 86
LARGEST = 250_000  # bytes
ALL_SEEN_IS_THERE = """[...document.images].every(
    (image) => image.complete || image.getBoundingClientRect().top > innerHeight
)"""


def shoot(page: Page, name: str, *, quality: int = QUALITY) -> None:
    """What the screen shows now, as `name`.jpg."""
    page.wait_for_function(ALL_SEEN_IS_THERE)
    path = HERE / f"{name}.jpg"
    page.screenshot(path=path, type="jpeg", quality=quality)
    weigh(path)


def weigh(path: Path) -> None:
    size = path.stat().st_size
    print(f"  {path.stem:<14} {size // 1000:>4} kB")
    assert size < LARGEST, f"{path} is too large"
