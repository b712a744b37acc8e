"""The documents for people name what is there."""

import re
from pathlib import Path

import pytest

from pipeline import contract
from pipeline.coded import FILE_KEYS, RECORD_KEYS
from pipeline.codes import Codes
from pipeline.proposals import CLAIM_PARTS
from pipeline.registry import load_registry
from pipeline.release.views import VIEWS

CHECKOUT = Path(__file__).parent.parent
DOCS = CHECKOUT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))


def test_every_table_has_a_chapter_and_every_chapter_a_table() -> None:
    assert {path.stem for path in (DOCS / "codebook").glob("*.md")} - {"README"} == set(contract.table_names())


@pytest.mark.parametrize("page", sorted((DOCS / "codebook").glob("*.md")), ids=lambda page: page.stem)
def test_what_a_chapter_calls_by_its_name_exists(page: Path, codes: Codes) -> None:
    registry = load_registry(CHECKOUT / "data" / "registry", codes)
    known = {name for table in contract.table_names() for name in (table, *contract.column_names(table))}
    known |= {code for some in codes.by_vocabulary.values() for code in some} | {view.name for view in VIEWS}
    known |= {*registry.table_of, *CLAIM_PARTS, "*", "coded", "role:<actor_id>", "codebook.md", "low ≤ value ≤ high"}
    known |= {"text/<source_id>.txt", "docs/coding.md"}
    assert set(re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8"))) - known == set()


def test_the_guide_for_coders_explains_every_key_of_a_coded_file() -> None:
    guide = (DOCS / "coding.md").read_text(encoding="utf-8")
    assert {key for key in (*FILE_KEYS, *RECORD_KEYS) if f"`{key}`" not in guide} == set()


@pytest.mark.parametrize("page", [*PAGES, CHECKOUT / "README.md"], ids=lambda page: page.stem)
def test_links_of_the_documents_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
