"""The storage page: what is kept, how much it takes, and clearing it."""

from __future__ import annotations

import os

import pytest

from tests.pages.opening import button, open_page, words
from tlcore.data.caches import using


@pytest.fixture
def caches(workspace):
    for name, size in (("pixels-a", 3_000_000), ("trunk-b", 2_000_000)):
        (workspace.cache / name).mkdir()
        (workspace.cache / name / "x").write_bytes(bytes(size - 2))
        (workspace.cache / name / ("store.json" if name == "pixels-a" else "y")).write_bytes(b"{}")
        os.utime(workspace.cache / name, (10**9, 10**9))
    return workspace.cache


def test_an_empty_cache_says_what_will_be_kept(workspace):
    assert "The cache is empty" in words(open_page("storage"))


def test_it_says_how_much_of_the_bound_is_taken_by_what(caches, monkeypatch):
    monkeypatch.setenv("GRAFT_CACHE_GB", "0.01")
    app = open_page("storage")
    shown = {metric.label: metric.value.replace("\u202f", " ") for metric in app.metric}
    assert (shown["Cache size"], shown["Limit"]) == ("5 MB", "10 MB")
    assert app.get("progress")[0].value == 50
    text = words(app)
    assert "Decoded pictures" in text
    assert "Frozen-block features" in text


def test_what_a_run_uses_cannot_be_cleared(caches):
    with using(caches / "trunk-b"):
        app = open_page("storage")
        assert "in use" in words(app)
        assert app.button(key="clear-trunk-b").disabled
        button(app, "Clear all").click().run()
        button(app, "Clear for good").click().run()
        assert not app.exception
    assert [path.name for path in caches.iterdir()] == ["trunk-b"]


def test_all_is_cleared_only_after_a_second_word(caches):
    app = open_page("storage")
    button(app, "Clear all").click().run()
    assert "This frees 5" in words(app)
    button(app, "Keep them").click().run()
    assert len(list(caches.iterdir())) == 2
    app.button(key="clear-pixels-a").click().run()
    assert [path.name for path in caches.iterdir()] == ["trunk-b"]
    button(app, "Clear all").click().run()
    button(app, "Clear for good").click().run()
    assert not app.exception
    assert "The cache is empty" in words(app)


def test_a_bound_that_is_no_number_is_told(caches, monkeypatch):
    monkeypatch.setenv("GRAFT_CACHE_GB", "much")
    assert "Received 'much'" in words(open_page("storage"))
