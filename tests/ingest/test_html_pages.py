import json
from pathlib import Path

import pytest

from pipeline.ingest import Document, NotReadError, Reason, read_document

PARAGRAPHS = "".join(
    f"<p>{text}</p>"
    for text in (
        "Talks over the cobalt mines of the eastern province stopped on Monday, the ministry said.",
        "The government had offered access to three pits in return for the training of two battalions.",
        "A spokesman for the company that runs the pits denied that any offer had ever reached its office.",
    )
)


def page(
    head: str = "", body: str = f"<article><h1>Mine talks stop</h1>{PARAGRAPHS}</article>", attributes: str = ""
) -> str:
    return f"<!DOCTYPE html><html{attributes}><head>{head}</head><body>{body}</body></html>"


def read(folder: Path, content: str | bytes) -> Document:
    path = folder / "page.html"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_document(path)


def meta(**named: str) -> str:
    return "".join(f'<meta property="{name.replace("__", ":")}" content="{value}">' for name, value in named.items())


def linked(data: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


def stated(document: Document) -> dict[str, str | None]:
    return {name: document.source[name] for name in ("title", "publisher", "url", "published", "language")}


def test_open_graph_metadata_are_read(tmp_path: Path) -> None:
    head = meta(
        og__title="Mine talks stop - Example News",
        og__site_name="Example News",
        og__url="https://news.example/mine-talks",
        article__published_time="2025-03-04T23:30:00-08:00",
        article__modified_time="2025-03-09T10:00:00Z",
    )
    document = read(tmp_path, page(head, attributes=' lang="en_GB"'))
    assert stated(document) == {
        "title": "Mine talks stop",
        "publisher": "Example News",
        "url": "https://news.example/mine-talks",
        "published": "2025-03-04",
        "language": "en-GB",
    }
    assert document.warnings == []
    assert document.text.count("\n") >= 2
    assert "denied that any offer had ever reached its office." in document.text


def test_linked_data_are_read_and_those_of_other_things_are_not(tmp_path: Path) -> None:
    graph = [
        {"@type": "VideoObject", "datePublished": "2019-01-01", "headline": "A film"},
        {
            "@type": ["NewsArticle"],
            "headline": "Mine talks stop",
            "datePublished": "2025-03-04",
            "publisher": {"@type": "Organization", "name": "Example News"},
        },
    ]
    document = read(tmp_path, page('<link rel="canonical" href="https://news.example/a">' + linked({"@graph": graph})))
    assert stated(document) == {
        "title": "Mine talks stop",
        "publisher": "Example News",
        "url": "https://news.example/a",
        "published": "2025-03-04",
        "language": None,
    }


def test_a_date_is_no_finer_than_the_page_states_it(tmp_path: Path) -> None:
    assert read(tmp_path, page(meta(article__published_time="2024-03"))).source["published"] == "2024-03"
    assert read(tmp_path, page('<meta name="citation_date" content="2024">')).source["published"] == "2024"
    assert read(tmp_path, page('<meta name="citation_date" content="2024/03/05">')).source["published"] == "2024-03-05"


def test_a_date_after_today_is_taken_as_stated(tmp_path: Path) -> None:
    assert read(tmp_path, page(meta(article__published_time="2999-01-02"))).source["published"] == "2999-01-02"


@pytest.mark.parametrize("value", ["yesterday", "0000-00-00", "2024-02-31", "20240305", "12345", "2024-031"])
def test_what_is_no_date_gives_none(tmp_path: Path, value: str) -> None:
    assert read(tmp_path, page(meta(article__published_time=value))).source["published"] is None


def test_no_date_is_guessed_from_text_pictures_or_copyright(tmp_path: Path) -> None:
    said = "<p>On 5 March 2021 rebels came.</p>"
    body = f'<article>{said}{PARAGRAPHS}<img src="/2020/01/02/a.jpg"></article><footer>© 2019</footer>'
    document = read(tmp_path, page("<title>Mine talks stop</title>", body))
    assert stated(document) == dict.fromkeys(("publisher", "url", "published", "language")) | {
        "title": "Mine talks stop"
    }


def test_the_date_of_a_change_serves_where_there_is_no_other_and_is_told(tmp_path: Path) -> None:
    document = read(tmp_path, page(meta(article__modified_time="2025-08-12T17:00:00Z")))
    assert document.source["published"] == "2025-08-12"
    assert "only when it was changed" in document.warnings[0]


def test_a_dated_address_dates_the_page(tmp_path: Path) -> None:
    document = read(tmp_path, page('<link rel="canonical" href="https://news.example/2025/03/04/mine-talks/">'))
    assert document.source["published"] == "2025-03-04"


def test_a_permanent_link_in_the_heading_gives_address_and_title(tmp_path: Path) -> None:
    link = '<a rel="bookmark" href="https://b.example/talks">Mine talks stop</a>'
    body = f'<h1>The Blog</h1><div class="entry"><h2>{link}</h2>{PARAGRAPHS}</div>'
    document = read(tmp_path, page("<title>The Blog » Mine talks stop</title>", body))
    assert (document.source["url"], document.source["title"]) == ("https://b.example/talks", "Mine talks stop")


def test_the_main_heading_gives_the_longer_title(tmp_path: Path) -> None:
    body = f"<article><h1>Yearly Report: Mali</h1>{PARAGRAPHS}</article>"
    head = meta(og__title="Mali | Example State", og__site_name="Example State")
    assert read(tmp_path, page(head, body)).source["title"] == "Yearly Report: Mali"


def test_a_page_inside_an_unclosed_menu_keeps_its_paragraphs(tmp_path: Path) -> None:
    body = f"<header><nav><ul><li>Home<li>News<div><main><article>{PARAGRAPHS * 2}</article></main>"
    text = read(tmp_path, page("", body)).text
    assert "Home" not in text
    assert text.count("\n") >= 2


def test_the_declared_encoding_is_used(tmp_path: Path) -> None:
    body = f"<article><p>“Félix” left.</p>{PARAGRAPHS}</article>"
    content = page('<meta charset="iso-8859-1">', body).encode("cp1252")
    assert "“Félix” left." in read(tmp_path, content).text


@pytest.mark.parametrize("head", ["", '<meta charset="klingon">', '<meta charset="rot13">'])
def test_a_page_of_no_known_encoding_is_refused(tmp_path: Path, head: str) -> None:
    with pytest.raises(NotReadError) as caught:
        read(tmp_path, page(head, f"<article><p>Félix left.</p>{PARAGRAPHS}</article>").encode("latin-1"))
    assert caught.value.reason == Reason.UNDECODABLE


@pytest.mark.parametrize("content", ["", "<html></html>", "<html><body><script>x()</script></body></html>", "<!-- -->"])
def test_a_page_without_text_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(NotReadError) as caught:
        read(tmp_path, content)
    assert caught.value.reason == Reason.NO_TEXT


def test_a_page_nested_beyond_reason_is_refused_and_one_nested_deeply_is_read(tmp_path: Path) -> None:
    assert "battalions" in read(tmp_path, page("", "<div>" * 500 + PARAGRAPHS + "</div>" * 500)).text
    with pytest.raises(NotReadError) as caught:
        read(tmp_path, page("", "<div>" * 5000 + PARAGRAPHS + "</div>" * 5000))
    assert caught.value.reason == Reason.UNREADABLE


def test_broken_linked_data_are_passed_over(tmp_path: Path) -> None:
    broken = '<script type="application/ld+json">{"@type": "Article",</script>' + linked([["x"], 3, {"@type": None}])
    assert read(tmp_path, page(broken + "<title>Talks</title>")).source["title"] == "Talks"


def test_accents_of_a_page_are_composed(tmp_path: Path) -> None:
    body = f"<article><p>Fe\u0301lix left.</p>{PARAGRAPHS}</article>"
    document = read(tmp_path, page(meta(og__title="Fe\u0301lix"), body))
    assert document.source["title"] == "Félix"
    assert "Félix" in document.text
