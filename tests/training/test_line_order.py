"""The order in which lines are read."""

from gateviz.training.batches import LARGEST_SHUFFLED, LineOrder


def test_every_epoch_has_every_line_once_and_no_two_are_alike():
    order = LineOrder(50, seed=3)
    epochs = [[order[place] for place in range(start, start + 50)] for start in (0, 50, 100)]
    assert all(sorted(epoch) == list(range(50)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


def test_places_may_be_asked_for_in_any_order():
    places = [0, 120, 3, 75, 49, 50]
    backward = LineOrder(50, seed=3)
    assert [LineOrder(50, seed=3)[place] for place in places] == [backward[place] for place in reversed(places)][::-1]


def test_another_seed_is_another_order():
    assert [LineOrder(50, 1)[place] for place in range(50)] != [LineOrder(50, 2)[place] for place in range(50)]


def test_endless_sets_are_read_as_they_come():
    order = LineOrder(LARGEST_SHUFFLED + 1, seed=3)
    assert [order[place] for place in (0, 1, 10**6)] == [0, 1, 10**6]
