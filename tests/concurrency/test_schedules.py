"""Every scenario under both strategies of a controlled scheduler."""

import pytest

from tests.concurrency.report import report
from tests.concurrency.scenarios import SCENARIOS

pytest.importorskip("frontrun", reason="frontrun, the controlled scheduler, is not installed for this interpreter")

from tests.concurrency.schedules import STRATEGIES, explore

SCHEDULES, SECONDS = 40, 1.0

pytestmark = [pytest.mark.timeout(1800), pytest.mark.filterwarnings("ignore")]


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name.split(":")[0])
def test_no_schedule_breaks_the_promise(scenario, strategy, effort):
    explored = explore(scenario, strategy, SCHEDULES * effort, SECONDS * effort)
    report(f"[schedules] {scenario.name}: {explored.schedules} by {strategy}")
    assert explored.broken is None, explored.broken
    assert explored.schedules >= 2
