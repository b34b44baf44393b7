import numpy as np
import pytest

from gateviz.adapters.tesseract.layers import NoiseStream


def one_by_one(sample_iteration, count):
    """The generator as its definition says, with numbers of any size."""
    seed = sample_iteration * 0x10000001 % 2**64
    values = []
    for _ in range(count + 1):
        seed = (seed * 6364136223846793005 + 1442695040888963407) % 2**64
        values.append(seed >> 33)
    return values[1:]


@pytest.mark.parametrize("samples", [0, 1, 6352704, -3])
def test_draws_are_those_of_the_generator_in_order(samples):
    expected = np.array(one_by_one(samples, 700)) * 2.0 / (2**31 - 1) - 1
    stream = NoiseStream(samples, int8=False)
    drawn = np.concatenate([stream.draw(count) for count in (1, 0, 2, 255, 442)])
    np.testing.assert_array_equal(drawn, expected)


def test_every_line_starts_afresh():
    first = NoiseStream(11, int8=False).draw(9)
    longer = NoiseStream(11, int8=False).draw(9000)
    np.testing.assert_array_equal(first, longer[:9])


def test_int8_noise_is_rounded_to_127ths_away_from_zero():
    raw = 127 * 2.0 * np.array(one_by_one(11, 500)) / (2**31 - 1) - 127
    rounded = [int(value + 0.5) if value >= 0 else -int(-value + 0.5) for value in raw]
    steps = NoiseStream(11, int8=True).draw(500) * 127
    np.testing.assert_allclose(steps, rounded, atol=1e-12)
