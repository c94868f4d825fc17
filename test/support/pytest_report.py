"""A plugin of pytest: writes what became of each case as a line of JSON, for the suite that runs it."""

import json
import os

import pytest


class Report:
    def __init__(self, path):
        self._path = path

    def _write(self, **line):
        with open(self._path, "a", encoding="utf-8") as report:
            report.write(json.dumps(line) + "\n")

    def pytest_collectreport(self, report):
        if report.failed:
            self._write(case=report.nodeid, outcome="failed", why=str(report.longrepr))

    def pytest_collection_finish(self, session):
        if session.config.option.collectonly:
            for item in session.items:
                self._write(case=item.nodeid, outcome="collected", why="")

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.outcome != "passed":
            self._write(case=report.nodeid, outcome=report.outcome, why=str(report.longrepr or ""))


@pytest.hookimpl
def pytest_configure(config):
    config.pluginmanager.register(Report(os.environ["PYTEST_REPORT"]))
