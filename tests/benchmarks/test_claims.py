"""The study of claims: which lines it takes, in whose symbols, and what its table says."""

import pytest

from benchmarks.claims import PICTURES, STUDIES, Prose, is_prose, markdown
from gateviz.studies.claims.stated import STATED


@pytest.mark.parametrize(
    ("text", "prose"),
    [
        ("of the house. The man, who came", True),
        ("of the house, the man; who came", False),
        ("he ran. I see, he", True),
        ("he saw 12. The man, who", False),
        ("www.house.com. The man, who", False),
        ("the runTogether. The man, who", False),
        ("of the house. The man who came", False),
        ("出版社给可。诡计，布了一个局", True),
        ("出版社给可，诡计，布了一个局", False),
        ("出版社2给可。诡计，布了一个局", False),
        ("a. B, c", False),
    ],
)
def test_prose_has_a_sentence_begin_within_and_nothing_but_words(text, prose):
    assert is_prose(text) is prose


def test_the_lines_are_prose_and_the_same_every_time():
    first, again = Prose("latin", 3), Prose("latin", 3)
    texts = [first[number].text for number in range(3)]
    assert all(map(is_prose, texts))
    assert [again[number].text for number in (2, 1, 0)] == texts[::-1]
    assert len(first) == 3
    with pytest.raises(IndexError):
        first[3]


def test_the_pictures_are_of_stated_claims_and_of_studies_that_there_are():
    assert {claim for claim, _ in PICTURES.values()} <= {claim.name for claim in STATED}
    assert all(any(name.startswith(f"claims-{study.name}-") for study in STUDIES) for name in PICTURES)


def test_the_table_has_a_row_a_claim_and_a_column_a_layer():
    def outcome(layer, direction, effect, verdict):
        return {"layer": layer, "direction": direction, "effect": effect, "verdict": verdict}

    document = {
        "claims": [
            {
                "name": "clears",
                "statistic": "value",
                "outcomes": [
                    outcome(0, "forward", -0.504, "supported"),
                    outcome(0, "backward", "nan", "too few events"),
                ],
            },
            {
                "name": "remembers",
                "statistic": "timescale",
                "outcomes": [
                    outcome(0, "forward", 0.4, "no evidence"),
                    outcome(0, "backward", 0.1, "contradicted"),
                ],
            },
        ]
    }
    assert markdown("toy", document).splitlines() == [
        "| toy | 0 forward | 0 backward |",
        "| --- | --- | --- |",
        "| clears | -0.50 **supported** | too few events |",
        "| remembers | 40 % no evidence | 10 % *contradicted* |",
    ]
