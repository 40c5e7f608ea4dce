"""What the bars of the costs say."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from greenlight.ledger import Cost
from greenlight.pages.plot import HEIGHT, LEFT, MOST_DAYS, MOST_SERIES, OTHERS, WIDTH, plot_costs

DAY = date(2026, 11, 20)


def cost(cny: str, *, days: int = 0, model: str = "emo-v1") -> Cost:
    return Cost(DAY - timedelta(days=days), "studio:80", model, "filmed", 1, Decimal(cny))


def test_what_cost_nothing_has_no_plot() -> None:
    assert plot_costs([]) is None
    assert plot_costs([cost("0"), cost("0", days=3)]) is None


def test_bars_of_a_day_stand_on_each_other_in_the_measure_of_their_costs() -> None:
    plot = plot_costs([cost("3"), cost("1", model="liveportrait")])
    assert plot is not None
    assert plot.models == ["emo-v1", "liveportrait"]
    below, above = plot.bars
    assert above.y + above.height == pytest.approx(below.y, abs=0.2)
    assert below.height / above.height == pytest.approx(3, rel=0.05)
    assert below.words == "2026-11-20, emo-v1: 3.000 CNY"


def test_days_without_costs_leave_a_gap() -> None:
    plot = plot_costs([cost("1"), cost("1", days=4)])
    assert plot is not None
    first, last = plot.bars
    assert last.x - first.x == pytest.approx((WIDTH - LEFT) / 5 * 4, abs=0.2)
    assert [row.day for row in plot.rows] == [DAY, DAY - timedelta(days=4)]


@pytest.mark.parametrize("days", [0, 1, 7, 59, 60, 1000])
@pytest.mark.parametrize("cny", ["0.000001", "0.004", "1", "99.999", "123456.78"])
def test_everything_stays_inside_the_drawing(days: int, cny: str) -> None:
    plot = plot_costs([cost(cny, days=number) for number in range(days + 1)])
    assert plot is not None
    for bar in plot.bars:
        assert LEFT <= bar.x <= bar.x + bar.width <= WIDTH
        assert 0 < bar.y <= bar.y + bar.height <= HEIGHT
    assert all(LEFT <= mark.at <= WIDTH for mark in plot.days)
    assert 1 <= len(plot.days) <= 6
    assert float(plot.amounts[-1].words) >= float(cny) * 0.99


def test_old_days_are_summed_up() -> None:
    plot = plot_costs([cost("1", days=number) for number in range(MOST_DAYS + 5)])
    assert plot is not None
    assert len(plot.rows) == MOST_DAYS
    assert plot.earlier_cny == 5
    assert sum(row.total_cny for row in plot.rows) + plot.earlier_cny == MOST_DAYS + 5


def test_more_models_than_colours_are_summed_up() -> None:
    plot = plot_costs([cost(f"{number + 1}", model=f"m-{number:02}") for number in range(12)])
    assert plot is not None
    assert plot.models == ["m-11", "m-10", "m-09", "m-08", "m-07", "m-06", "m-05", OTHERS]
    assert len(plot.models) == MOST_SERIES
    (row,) = plot.rows
    assert row.amounts_cny[-1] == 1 + 2 + 3 + 4 + 5
    assert row.total_cny == sum(range(13))
