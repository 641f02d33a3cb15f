"""A person who reaches pages only by links and forms that a page shows."""

from html.parser import HTMLParser
from typing import Any

from django.test import Client


class _Read(HTMLParser):
    """Links and forms of a page, with what a browser would send of them."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[dict[str, Any]] = []
        self.form: dict[str, Any] | None = None
        self.area = self.choice = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "form":
            self.form = {
                "action": given.get("action", ""),
                "method": given.get("method", "get"),
                "fields": {},
                "names": set(),
            }
            self.forms.append(self.form)
        if self.form is None or ("name" not in given and tag != "option"):
            return
        if tag in ("input", "select", "textarea", "button"):
            self.form["names"].add(given["name"])
        if tag == "input" and given.get("type") not in ("checkbox", "radio", "file", "submit"):
            self.form["fields"][given["name"]] = given.get("value", "")
        if tag == "input" and given.get("type") in ("checkbox", "radio") and "checked" in given:
            self.form["fields"][given["name"]] = given.get("value", "on")
        if tag == "select":
            self.choice = given["name"]
            self.form["fields"].setdefault(self.choice, "")
        if tag == "textarea":
            self.area = given["name"]
            self.form["fields"][self.area] = ""
        if tag == "option" and "selected" in given:
            self.form["fields"][self.choice] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        if self.area and self.form is not None:
            self.form["fields"][self.area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.area = ""
        if tag == "form":
            self.form = None


class Clicker:
    """Somebody with a browser, beginning at the start page (or where a link in a letter leads)."""

    def __init__(self, begin: str = "/") -> None:
        self.client = Client()
        self.address = self.page = ""
        self.open(begin)

    def open(self, address: str) -> None:
        """Type an address: only for the start page and for links that somebody was sent."""
        self._keep(self.client.get(address, follow=True))

    def click(self, ending: str) -> None:
        """Follow the link that ends so."""
        links = [link for link in self._read().links if link.split("?")[0].endswith(ending) or link.endswith(ending)]
        assert links, f"{self.address} has no link to …{ending}"
        self._keep(self.client.get(links[0], follow=True))

    def send(self, ending: str, **given: Any) -> None:
        """Fill in and send the form whose address ends so ("" = the page's own)."""
        names = {name.replace("__", "-") for name in given}
        forms = [one for one in self._read().forms if one["action"].endswith(ending) and (ending or not one["action"])]
        fitting = [one for one in forms if names <= one["names"]]
        assert fitting, (
            f"{self.address} has no form …{ending} with {sorted(names)}; it has {[one['action'] for one in forms]}"
        )
        form = fitting[0]
        data = form["fields"] | {name.replace("__", "-"): value for name, value in given.items()}
        self._keep(self.client.post(form["action"] or self.address, data, follow=True))

    def says(self, words: str) -> bool:
        """Does the page say this?"""
        return words in self.page

    def _keep(self, answer: Any) -> None:
        assert answer.status_code == 200, (
            answer.request["PATH_INFO"],
            answer.status_code,
            answer.content.decode()[-3000:],
        )
        self.page, self.address = answer.content.decode(), answer.request["PATH_INFO"]

    def _read(self) -> _Read:
        found = _Read()
        found.feed(self.page)
        return found
