"""Pages load their styles as they are opened and keep them: no page may style a class that is another page's."""

import re
from collections import defaultdict
from pathlib import Path

VIEWS = Path(__file__).resolve().parents[2] / "web" / "views"
CLASS = re.compile(r"\.([a-z][a-z0-9-]*)")


def test_a_class_is_styled_first_hand_by_one_page_only() -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    for sheet in sorted(VIEWS.glob("*/*.css")):
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
        for selectors in re.findall(r"([^{}]+)\{", text):
            for selector in selectors.split(","):
                # a selector of one class alone reaches every page
                if (alone := re.fullmatch(CLASS, selector.strip())) is not None:
                    owners[alone[1]].add(sheet.parent.name)
    shared = {name: sorted(pages) for name, pages in owners.items() if len(pages) > 1}
    assert len(owners) > 50, "the sheets were read"
    assert not shared, shared
