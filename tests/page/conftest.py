# SPDX-License-Identifier: ISC
"""Fixtures for the tests of the matrix page: one browser for all of them, without network, with a folder of its own."""
import json
import os
import pathlib
import subprocess
import sys

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", ROOT / "build")).resolve()
SOURCE = ROOT / "docs/matrix.json"


def make(source, target):
    subprocess.run([sys.executable, "-B", ROOT / "ci/matrix_page.py", source, target], check=True, stdout=subprocess.DEVNULL)
    return target


class Browser:
    """Chromium by its driver; what the tests need of it."""

    def __init__(self, profile):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for a in ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
                  "--disable-component-update", "--disable-sync", f"--user-data-dir={profile}"):
            options.add_argument(a)
        if os.geteuid() == 0:
            options.add_argument("--no-sandbox")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_page_load_timeout(120)
        self.driver.set_script_timeout(120)
        self.live = False  # is what is open a page whose script ran
        self.run = self.driver.execute_script
        self.keys = lambda *k: webdriver.ActionChains(self.driver, duration=0).send_keys(*k).perform()

    def cdp(self, name, **arguments):
        return self.driver.execute_cdp_cmd(name, arguments)

    def width(self, w, h=900):
        self.cdp("Emulation.setDeviceMetricsOverride", width=w, height=h, deviceScaleFactor=1, mobile=w < 700)

    def scheme(self, name):
        self.cdp("Emulation.setEmulatedMedia", media="screen", features=[{"name": "prefers-color-scheme", "value": name}])

    def javascript(self, on):
        self.cdp("Emulation.setScriptExecutionDisabled", value=not on)

    def open(self, page, fragment=""):
        self.live = False
        self.driver.get("about:blank")  # else only the fragment would change
        self.driver.get(page.as_uri() + fragment)

    def view(self, page, fragment="#all="):
        """As open(), but a page that is open already only gets the address: quicker, and what a link in it does."""
        if self.driver.current_url.split("#")[0] != page.as_uri() or not self.live:
            self.open(page, fragment)
            self.live = True
            return
        self.driver.execute_async_script("""
            const [fragment, done] = arguments; // the page's own listener was there first
            addEventListener("hashchange", () => done(), {once: true});
            location.hash = location.hash === fragment ? fragment + "&" : fragment;""", fragment)

    def said(self):
        return [e["message"] for e in self.driver.get_log("browser")]

    def asked(self):
        """Every address that anything asked for since the last call."""
        messages = [json.loads(e["message"])["message"] for e in self.driver.get_log("performance")]
        return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    b = Browser(tmp_path_factory.mktemp("profile"))
    yield b
    b.driver.quit()


@pytest.fixture(autouse=True)
def as_ever(browser):
    """Each test begins with a desktop in daylight and an empty log."""
    browser.javascript(True)
    browser.width(1400)
    browser.scheme("light")
    browser.said()
    browser.asked()


@pytest.fixture(scope="session")
def page(tmp_path_factory):
    return make(SOURCE, tmp_path_factory.mktemp("page") / "matrix.html")


@pytest.fixture(scope="session")
def matrix():
    return json.loads(SOURCE.read_text())
