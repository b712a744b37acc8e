"""HTML: the main text by trafilatura, and what the page's own metadata states about the publication.

The metadata are read here and not by trafilatura, because htmldate, which it calls, fills a missing day in from the
clock, refuses dates after today and searches the running text, and because a page's title often carries the site's
name. What the metadata do not state stays null: no value is guessed from the text. A date in the path of the page's
own address (`/2025/03/12/`) counts as stated.
"""

import codecs
import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline import edtf
from pipeline.ingest.document import Given, NotReadError, Page, Reason, decode, warning

SUFFIXES = (".html", ".htm")

_PUBLISHED = (
    "article:published_time", "og:article:published_time", "datepublished", "citation_publication_date",
    "citation_date", "dc.date.issued", "dcterms.issued", "dc.date", "dcterms.date", "parsely-pub-date", "pubdate",
    "publishdate", "publish-date", "date",
)  # fmt: skip
_CHANGED = ("article:modified_time", "og:updated_time", "datemodified", "dcterms.modified", "last-modified")
_PUBLISHER = ("og:site_name", "citation_publisher", "dc.publisher", "dcterms.publisher", "publisher")
_TITLE = ("og:title", "citation_title", "dc.title", "dcterms.title")
_LANGUAGE = ("content-language", "dc.language", "dcterms.language", "og:locale")
_LINKED_TYPES = ("Article", "Posting", "Report", "Page")
"""How the schema.org types end whose metadata are the page's."""

_DATE = re.compile(r"\s*(\d{4})(?:[-/](\d\d)(?:[-/](\d\d)(?![\d]))?)?(?=$|[T\s])")
_DATE_IN_PATH = re.compile(r"^https?://[^/]+/(?:[^?#]*/)?((?:19|20)\d\d)/(\d\d)/(\d\d)/")
_BETWEEN = re.compile(r"\s+(?:[|»«·•–—-]|::)\s+")
"""What stands between a title and the name of its site."""

_ENOUGH = 250
"""Characters of text from which on the part that a page marks as its main one is believed."""

_BROWSERS_READ = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "utf-16": "utf-8",
    "utf-16-le": "utf-8",
    "utf-16-be": "utf-8",
}
"""Declared encodings that browsers read as another one, as the HTML standard has it."""


def read(content: bytes, path: Path) -> Page:
    """The page of an HTML file.

    Raises `NotReadError` where it cannot be decoded or is nested more deeply than can be followed.
    """
    tree = _parse(decode(content, path, _encoding(content)), path)
    if tree is None:
        return Page("")
    meta, linked = _meta(tree), _linked_data(tree)
    found = _metadata(tree, meta, linked)
    page = Page(_main_text(tree), {name: Given(value) for name, value in found.items() if value})
    changed = None if found["published"] else _date_among(meta, _CHANGED, linked.get("dateModified"))
    if changed:
        page.given["published"] = Given(changed)
        page.warnings.append(warning(path, f"published: the page states only when it was changed, {changed}"))
    return page


def _encoding(content: bytes) -> str:
    """By byte-order mark, else as the page declares it near its beginning, else UTF-8."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    declared = re.search(
        rb"""<(?:meta|\?xml)[^>]*?(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", content[:2048], re.I
    )
    if content.startswith(codecs.BOM_UTF8) or not declared:
        return "utf-8"
    name = declared[1].decode("ascii", "replace")
    try:
        return _BROWSERS_READ.get(codecs.lookup(name).name, name)
    except LookupError:
        return name


def _parse(text: str, path: Path) -> Any:
    """The tree of a page; None where there is no element in it."""
    import lxml.etree  # here, and trafilatura below, so that reading other formats does not wait for them
    import lxml.html

    # Bytes, because lxml refuses text with an encoding declaration; huge_tree lifts the limit of 256 levels.
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        tree = lxml.html.document_fromstring(text.encode(), parser=parser)
    except (lxml.etree.ParserError, lxml.etree.XMLSyntaxError):
        tree = None
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        raise NotReadError(Reason.UNREADABLE, "its elements are nested too deeply to be followed", path=path)
    return tree


def _main_text(tree: Any) -> str:
    """The text of the one part that the page marks as its main one, or where that gives little, of the page."""
    for path in (".//article", ".//main|.//*[@role='main']"):
        marked = tree.xpath(path)
        # Detached from the page: a header or menu left open would otherwise swallow it.
        if len(marked) == 1 and len(text := _extract(copy.deepcopy(marked[0]))) >= _ENOUGH:
            return text
    return _extract(tree)


def _extract(tree: Any) -> str:
    import trafilatura

    document = trafilatura.bare_extraction(tree, include_comments=False)
    return str(getattr(document, "text", None) or "")


def _metadata(tree: Any, meta: dict[str, str], linked: dict[str, Any]) -> dict[str, str | None]:
    """What the page states, by column of `sources`; None where it does not."""
    bookmark = _bookmark(tree)
    url = _canonical(tree) or meta.get("og:url") or _text(linked.get("url")) or bookmark.get("url")
    publisher = _stated(meta, _PUBLISHER) or _name(linked.get("publisher"))
    title = _text(linked.get("headline")) or _stated(meta, _TITLE) or bookmark.get("title") or _title_element(tree)
    return {
        "url": url,
        "publisher": publisher,
        "title": _full_title(tree, title, publisher),
        "published": _published(tree, meta, linked, url),
        "language": _language(tree, meta),
    }


def _meta(tree: Any) -> dict[str, str]:
    """The page's `<meta>` values by lower-case name; of several with one name, the upper one."""
    found: dict[str, str] = {}
    for element in tree.iterfind(".//meta[@content]"):
        content = element.get("content").strip()
        for attribute in ("property", "name", "itemprop", "http-equiv"):
            name = (element.get(attribute) or "").strip().lower()
            if name and content:
                found.setdefault(name, content)
    return found


def _stated(meta: dict[str, str], names: tuple[str, ...]) -> str | None:
    return next((meta[name] for name in names if name in meta), None)


def _linked_data(tree: Any) -> dict[str, Any]:
    """The JSON-LD properties of the page or article; of several nodes, the upper one that has the property."""
    found: dict[str, Any] = {}
    for script in tree.xpath(".//script[@type='application/ld+json']"):
        try:
            data = json.loads(script.text or "", strict=False)
        except (ValueError, RecursionError):
            continue
        for node in _nodes(data):
            types = node.get("@type")
            names = types if isinstance(types, list) else [types]
            if any(isinstance(name, str) and name.endswith(_LINKED_TYPES) for name in names):
                for key, value in node.items():
                    found.setdefault(key, value)
    return found


def _nodes(data: object) -> Iterator[dict[str, Any]]:
    for item in data if isinstance(data, list) else [data]:
        if isinstance(item, dict):
            yield item
            graph = item.get("@graph")
            yield from (node for node in graph if isinstance(node, dict)) if isinstance(graph, list) else ()


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _name(value: object) -> str | None:
    node = value[0] if isinstance(value, list) and value else value
    return _text(node.get("name") if isinstance(node, dict) else node)


def _canonical(tree: Any) -> str | None:
    return next((_text(link.get("href")) for link in tree.xpath(".//link[@rel='canonical'][@href]")), None)


def _bookmark(tree: Any) -> dict[str, str]:
    """Address and title where one heading alone is a permanent link (`rel=bookmark`), as on a post's own page."""
    path = ".//*[self::h1 or self::h2 or self::h3]//a[contains(concat(' ', @rel, ' '), ' bookmark ')][@href]"
    links = tree.xpath(path)
    if len({link.get("href") for link in links}) != 1:
        return {}
    return {"url": links[0].get("href"), "title": " ".join(links[0].text_content().split())}


def _title_element(tree: Any) -> str | None:
    element = tree.find(".//head/title")
    return None if element is None else _text(element.text_content())


def _full_title(tree: Any, stated: str | None, publisher: str | None) -> str | None:
    """The stated title without the site's name, in the longer form that the page's main heading may give it."""
    if not stated:
        return None
    site = (publisher or "").casefold()
    whole = " ".join(stated.split())
    separators = list(_BETWEEN.finditer(whole))
    title = whole
    if separators and whole[separators[-1].end() :].casefold() == site:
        title = whole[: separators[-1].start()]
    elif separators and whole[: separators[0].start()].casefold() == site:
        title = whole[separators[0].end() :]
    for heading in tree.iterfind(".//h1"):
        text = " ".join(heading.text_content().split())
        if re.search(rf"(?<!\w){re.escape(title)}(?!\w)", text):
            return text
    return title


def _published(tree: Any, meta: dict[str, str], linked: dict[str, Any], url: str | None) -> str | None:
    times = tree.xpath(".//time[@datetime][@pubdate or contains(@itemprop, 'datePublished')]/@datetime")
    in_path = _DATE_IN_PATH.match(url or "")
    return _date_among(meta, _PUBLISHED, linked.get("datePublished"), *times, in_path and "-".join(in_path.groups()))


def _date_among(meta: dict[str, str], names: tuple[str, ...], *others: object) -> str | None:
    """The date that the `<meta>` of these names states, else one of the other values, in their order."""
    values = (*(meta.get(name) for name in names), *others)
    return next((date for value in values if (date := _date(value))), None)


def _date(value: object) -> str | None:
    """The date of a time as the page writes it, no finer than it is stated and in the page's own time zone."""
    match = _DATE.match(value) if isinstance(value, str) else None
    if not match:
        return None
    date = "-".join(part for part in match.groups() if part)
    return date if edtf.is_edtf(date) else None


def _language(tree: Any, meta: dict[str, str]) -> str | None:
    root = tree.getroottree().getroot()
    stated = root.get("lang") or root.get("{http://www.w3.org/XML/1998/namespace}lang") or root.get("xml:lang")
    tag = (stated or _stated(meta, _LANGUAGE) or "").split(",")[0].strip().replace("_", "-")
    primary, hyphen, rest = tag.partition("-")
    return f"{primary.lower()}{hyphen}{rest}" or None
