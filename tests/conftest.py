"""What all tests share: one profile for property tests, and skipped tests listed by reason."""

import os
from collections import Counter

import hypothesis
import pytest

# No deadline and no health check by time: a busy machine is slow, and not wrong. TJUGO_EXAMPLES
# multiplies the number of examples (`make soak`).
_EXAMPLES = 100
hypothesis.settings.register_profile(
    "tjugo",
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
    max_examples=_EXAMPLES * int(os.environ.get("TJUGO_EXAMPLES", "1")),
)
hypothesis.settings.load_profile("tjugo")

_SKIPPED = "Skipped: "


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(report.longrepr[2]).removeprefix(_SKIPPED) for report in reports)
    if reasons:
        terminalreporter.section("not run", "=")
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count:>4}  {reason}")
