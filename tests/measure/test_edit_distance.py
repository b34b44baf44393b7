"""The edit distance against the textbook table, and the pairs against the distance."""

from functools import cache

from hypothesis import example, given
from hypothesis import strategies as st

from gateviz.measure.edit_distance import edit_distance, paired

TEXTS = st.text(alphabet="ab中", max_size=12)


def by_table(truth, reading):
    """Wagner and Fischer's table, by its definition."""

    @cache
    def distance(row, column):
        if not row or not column:
            return row + column
        return min(
            distance(row - 1, column) + 1,
            distance(row, column - 1) + 1,
            distance(row - 1, column - 1) + (truth[row - 1] != reading[column - 1]),
        )

    return distance(len(truth), len(reading))


@given(TEXTS, TEXTS)
@example("", "")
@example("aaaa", "")
@example("", "aaaa")
@example("ab" * 40, "ba" * 40)
def test_the_distance_is_that_of_the_table(truth, reading):
    expected = by_table(truth, reading)
    assert edit_distance(truth, reading) == expected
    assert edit_distance(reading, truth) == expected


@given(TEXTS, TEXTS)
@example("ab" * 40, "ba" * 40)
def test_pairs_go_through_both_texts_in_order_with_the_fewest_edits(truth, reading):
    pairs = paired(truth, reading)
    assert [here for here, _ in pairs if here is not None] == list(range(len(truth)))
    assert [there for _, there in pairs if there is not None] == list(range(len(reading)))
    assert (None, None) not in pairs
    edits = sum(here is None or there is None or truth[here] != reading[there] for here, there in pairs)
    assert edits == by_table(truth, reading)


def test_texts_of_more_symbols_than_a_machine_word_has_bits():
    truth = "the quick brown fox jumps over the lazy dog " * 20
    reading = truth.replace("fox", "f0x", 3).replace("lazy ", "lzy ", 2) + "!"
    assert edit_distance(truth, reading) == 3 + 2 + 1
    assert sum(there is None for _, there in paired(truth, reading)) == 2


def test_ties_are_broken_by_the_rule_that_is_written_down():
    assert paired("aab", "ab") == [(0, 0), (1, None), (2, 1)], "what both begin with stays together"
    assert paired("xaab", "yab") == [(0, 0), (1, None), (2, 1), (3, 2)], "a deletion before a substitution"
    assert paired("xab", "yaab") == [(0, 0), (None, 1), (1, 2), (2, 3)], "an insertion before a substitution"
    assert paired("ab", "ba") == [(None, 0), (0, 1), (1, None)], "both before two substitutions"
    assert paired("ab", "xy") == [(0, 0), (1, 1)]


def test_anything_that_can_be_compared_can_be_paired():
    truth, reading = ["the", "cat", "sat"], ["the", "sat", "cat"]
    assert edit_distance(truth, reading) == 2
    assert paired(["a", "b"], ["b"]) == [(0, None), (1, 0)]
    assert edit_distance((1, 2, 3), (1, 3)) == 1
