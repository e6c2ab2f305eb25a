"""What all tests share: skipped ones are told by reason, not one by one."""

from collections import Counter

import pytest

_SKIPPED = "Skipped: "


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(report.longrepr[2]).removeprefix(_SKIPPED) for report in reports)
    if reasons:
        terminalreporter.section("not run", "=")
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count:>4}  {reason}")
