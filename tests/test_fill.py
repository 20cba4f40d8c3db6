"""Filling what a plan left, and the hours that whole courses can use, against plain counting."""

from __future__ import annotations

import math

import numpy as np
import pytest
from small_worlds import World, led, make_world, pathway, pledge, seeded_archipelago

from geomap.match import Match, MatchProblem
from geomap.match.fill import fill_plan, room_left
from geomap.match.problem import largest_total
from geomap.schema import AllocationFrame, CourseFrame, OfferFrame

HAIR = 1e-9


class Counted:
    """A plan counted offer by offer and PCN by PCN, in plain Python, with the seats the tables state."""

    def __init__(self, world: World, problem: MatchProblem, places: np.ndarray, courses: np.ndarray) -> None:
        self.problem, self.places, self.courses = problem, places, courses
        self.seats = world.offers.sort_values([OfferFrame.pledge_id, OfferFrame.pathway_id])[
            OfferFrame.course_places
        ].to_list()
        p = problem
        self.of_pledge = [0.0] * len(p.pool_hours)
        self.people = [0.0] * len(p.offer_led)
        self.served = [0.0] * len(p.cell_demand)
        self.referred = [0.0] * len(p.ceiling)
        for link, count in enumerate(places):
            offer, cell = p.link_offer[link], p.link_cell[link]
            self.people[offer] += count
            self.served[cell] += count
            self.referred[p.cell_pcn[cell]] += count / p.uptake[p.cell_pathway[cell]]
        for offer, is_led in enumerate(p.offer_led):
            used = courses[offer] if is_led else self.people[offer]
            self.of_pledge[p.offer_pledge[offer]] += used * p.offer_hours[offer]

    def holds(self) -> bool:
        p = self.problem
        offers = [
            self.people[o] <= self.courses[o] * self.seats[o] + HAIR
            and self.people[o] >= self.courses[o] * p.offer_min_group[o] - HAIR
            for o in np.flatnonzero(p.offer_led)
        ]
        return (
            all(offers)
            and all(a <= b + 1e-6 for a, b in zip(self.of_pledge, p.pool_hours, strict=True))
            and all(a <= b for a, b in zip(self.served, p.cell_demand, strict=True))
            and all(a <= b + 1e-6 for a, b in zip(self.referred, p.ceiling, strict=True))
            and all(a <= b for a, b in zip(self.places, p.link_cap, strict=True))
        )

    def could_come(self, link: int) -> int:
        """People that demand, reach and referrals would still admit on a link."""
        p, cell = self.problem, self.problem.link_cell[link]
        pcn = p.cell_pcn[cell]
        referrals = (p.ceiling[pcn] - self.referred[pcn]) * p.uptake[p.cell_pathway[cell]]
        return math.floor(
            min(p.link_cap[link] - self.places[link], p.cell_demand[cell] - self.served[cell], referrals) + 1e-7
        )

    def free_places(self) -> list[int]:
        """Links that one more person could join as things stand."""
        found = []
        for link in range(len(self.places)):
            offer = self.problem.link_offer[link]
            pledge = self.problem.offer_pledge[offer]
            left = self.problem.pool_hours[pledge] - self.of_pledge[pledge]
            if self.problem.offer_led[offer]:
                room = self.courses[offer] * self.seats[offer] - self.people[offer] >= 1 - 1e-7
            else:
                room = left >= self.problem.offer_hours[offer] - 1e-7
            if room and self.could_come(link) >= 1:
                found.append(link)
        return found

    def viable_courses(self) -> list[int]:
        """Led offers that could run one more course with somebody new in it."""
        p, found = self.problem, []
        for offer in np.flatnonzero(p.offer_led):
            left = p.pool_hours[p.offer_pledge[offer]] - self.of_pledge[p.offer_pledge[offer]]
            if left < p.offer_hours[offer] - 1e-7:
                continue
            more = sum(max(0, self.could_come(link)) for link in np.flatnonzero(p.link_offer == offer))
            run = self.courses[offer] + 1
            # With seats for 9.6 a course the last of them may be beyond the whole people who could fill it.
            most = min(more, math.floor(run * p.offer_places[offer] - self.people[offer] + HAIR))
            least = max(1, math.ceil(run * p.offer_min_group[offer] - self.people[offer] - HAIR))
            if most >= least:
                found.append(int(offer))
        return found


def arrays_of(problem: MatchProblem, match: Match) -> tuple[np.ndarray, np.ndarray]:
    """A plan's tables as arrays by link and by offer."""
    pledge_of, path_of = problem.pledge_ids[problem.offer_pledge], problem.pathway_ids[problem.offer_pathway]
    pcn_of = problem.pcn_codes[problem.cell_pcn[problem.link_cell]]
    given = {tuple(row)[:3]: row[3] for row in match.allocation[list(AllocationFrame.to_schema().columns)].to_numpy()}
    run = {tuple(row)[:2]: row[2] for row in match.courses[list(CourseFrame.to_schema().columns)].to_numpy()}
    keys = zip(pledge_of[problem.link_offer], path_of[problem.link_offer], pcn_of, strict=True)
    places = np.array([given.get(key, 0) for key in keys], dtype=float)
    courses = np.array([run.get(key, 0) for key in zip(pledge_of, path_of, strict=True)], dtype=float)
    return places, courses


@pytest.mark.parametrize("seed", range(8))
def test_after_filling_nothing_can_be_added_and_no_limit_is_broken(seed: int) -> None:
    """From nothing, from the best plan, and from the best plan with some one-to-one places and whole courses gone."""
    world = seeded_archipelago(50 + seed, 25)
    problem = world.problem()
    best = arrays_of(problem, world.solve())
    random = np.random.default_rng(seed)
    is_led = problem.offer_led[problem.link_offer]
    gone = random.random(len(problem.offer_led)) < 0.5
    fewer = np.floor(best[0] * random.random(len(best[0])))
    thinned = np.where(is_led, np.where(gone[problem.link_offer], 0.0, best[0]), fewer), np.where(gone, 0.0, best[1])
    for places, courses in ((best[0] * 0, best[1] * 0), best, thinned):
        assert Counted(world, problem, places, courses).holds()
        before = places.copy(), courses.copy()
        filled = fill_plan(problem, places, courses)
        after = Counted(world, problem, *filled)
        assert after.holds()
        assert after.free_places() == []
        assert after.viable_courses() == []
        assert all((new >= old).all() for new, old in zip(filled, before, strict=True))
        assert (places == before[0]).all()
        assert (courses == before[1]).all()
    assert all((new == old).all() for new, old in zip(fill_plan(problem, *best), best, strict=True)), "best, and more"


def test_room_left_is_what_plain_counting_says() -> None:
    world = seeded_archipelago(70, 25)
    problem = world.problem()
    places, courses = arrays_of(problem, world.solve())
    counted, room = Counted(world, problem, places, courses), room_left(problem, places, courses)
    assert room.hours == pytest.approx(np.maximum(problem.pool_hours - counted.of_pledge, 0), abs=1e-9)
    assert room.demand == pytest.approx(problem.cell_demand - counted.served)
    assert room.referrals == pytest.approx(np.maximum(problem.ceiling - counted.referred, 0), abs=1e-9)
    assert room.caps == pytest.approx(problem.link_cap - places)


def test_the_most_valuable_people_are_seated_first() -> None:
    world = make_world(
        pathways=[pathway("walk", 10.0)], pledges=[pledge("P", "walk", 30)],
        demand={("A", "walk"): 2, ("B", "walk"): 2, ("C", "walk"): 2}, weights={"A": 1.0, "B": 3.0, "C": 2.0},
    )  # fmt: skip
    problem = world.problem()
    places, _ = fill_plan(problem, np.zeros(3), np.zeros(1))
    assert dict(zip(problem.pcn_codes[problem.link_pcn], places, strict=True)) == {"A": 0, "B": 2, "C": 1}


def test_a_course_opens_with_people_that_other_courses_can_spare() -> None:
    """Courses of 4 to 6: 6 sit in one, and 2 more come; two courses with 4 each are viable, so the second opens."""
    world = make_world(
        pathways=[pathway("walk", 10.0)], pledges=[led("P", "walk", 20, 6, least=4)], demand={("A", "walk"): 8}
    )
    places, courses = fill_plan(world.problem(), np.array([6.0]), np.array([1.0]))
    assert (places.tolist(), courses.tolist()) == ([8.0], [2.0])


def test_a_course_does_not_open_when_it_would_leave_another_too_small() -> None:
    world = make_world(
        pathways=[pathway("walk", 10.0)], pledges=[led("P", "walk", 20, 6, least=4)], demand={("A", "walk"): 7}
    )
    places, courses = fill_plan(world.problem(), np.array([6.0]), np.array([1.0]))
    assert (places.tolist(), courses.tolist()) == ([6.0], [1.0])


# --- the hours that whole courses can use


def sums_by_counting(pool: int, lengths: list[int]) -> int:
    """The largest sum of whole numbers of lengths within a pool, all in quarters of an hour."""
    reached = [True] + [False] * pool
    for total in range(pool + 1):
        reached[total] = reached[total] or any(total >= size and reached[total - size] for size in lengths)
    return max(total for total in range(pool + 1) if reached[total])


@pytest.mark.parametrize("seed", range(60))
def test_the_largest_total_equals_counting(seed: int) -> None:
    random = np.random.default_rng(seed)
    sizes = sorted({int(size) for size in random.integers(1, 120, random.integers(1, 5))})
    pool = int(random.integers(0, 900))
    spare = random.choice([0.0, 0.1, 0.24])
    expected = sums_by_counting(pool, sizes) / 4
    assert largest_total(pool / 4 + spare, tuple(size / 4 for size in sizes)) == expected


@pytest.mark.parametrize("lengths", [(24.0,), (0.7,), (1 / 3,)])
@pytest.mark.parametrize("pool", [0.0, 0.01, 23.99, 24.0, 47.9, 1e7])
def test_one_length_gives_whole_courses_of_it(lengths: tuple[float, ...], pool: float) -> None:
    total = largest_total(pool, lengths)
    assert total <= pool + 1e-9
    assert total / lengths[0] == pytest.approx(round(total / lengths[0]), abs=1e-6)
    assert total + lengths[0] > pool


@pytest.mark.parametrize("lengths", [(0.7, 24.0), (1 / 3, 0.5), (1e-10, 1.0), (1e-12, 1e-11)])
def test_lengths_that_are_not_quarters_lose_nothing(lengths: tuple[float, ...]) -> None:
    """An upper bound is enough there; it must come in no time, and never below what courses can use."""
    assert largest_total(24.7, lengths) >= 24.7 - 1e-9


@pytest.mark.parametrize("pool", [10_001.25, 123_456.5, 1e7 + 3])
def test_a_large_pool_is_cut_to_no_less_than_it_can_use(pool: float) -> None:
    total = largest_total(pool, (12.0, 16.0))
    assert pool - 4 < total <= pool
    assert total % 4 == 0
