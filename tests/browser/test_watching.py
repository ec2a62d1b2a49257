"""What the other tests rely on: a complaint of the page is seen."""

import pytest
from tests.browser.conftest import Open
from tests.browser.server import Server


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ("console.error('broken')", "console: broken"),
        ("setTimeout(() => { throw new Error('broken') })", "page error: broken"),
        ("alert('broken')", "dialog: broken"),
        ("fetch('/none')", "404: "),
        (
            "document.body.innerHTML = '<img src=http://elsewhere.example/x.js>'",
            "asks another host: http://elsewhere.example/x.js",
        ),
    ],
)
def test_a_complaint_is_seen(open_page: Open, empty: Server, code: str, complaint: str) -> None:
    watched = open_page(empty, "/healthz")
    watched.page.evaluate(f"() => {{ {code} }}")
    watched.settle()
    assert any(one.startswith(complaint) for one in watched.complaints)
