"""Numbers as documents write them: dates, times, amounts, telephone and identity numbers, measures."""

from gateviz.typesetting.dice import Dice, Kind, Kinds

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
          "November", "December")  # fmt: skip
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday",
        "Saturday", "Sunday")  # fmt: skip
SIGNS = "$$$$€€£¥¥￥"
CODES = ("USD", "EUR", "GBP", "CNY", "RMB", "JPY", "CHF", "HKD")
UNITS = ("kg", "g", "mm", "cm", "m", "km", "km/h", "ml", "L", "°C", "°F", "GB", "MB", "kB", "GHz", "Hz", "W", "kWh", "V",
         "mA", "px", "pt", "dpi", "ms", "s", "min", "h", "m²", "%", "‰", "Pa", "dB")  # fmt: skip
REGIONS = ("110101", "110105", "120103", "210102", "310104", "310115", "320102", "330106", "340103", "350203", "370202",
           "410105", "420106", "430102", "440106", "440305", "500103", "510104", "610113", "650102")  # fmt: skip
# GB 11643-1999: weights of the first 17 digits, and the check character by the sum modulo 11.
IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
IDENTITY_CHECKS = "10X98765432"
PREFIXES = ("INV-", "No. ", "No.", "Order #", "#", "PO-", "SN", "ID: ", "Ref. ", "A", "B-", "X", "Q", "ZK-", "KJ")


def integer(dice: Dice) -> str:
    """A whole number of one to nine digits, short ones more often; with thousands marked at times."""
    count = min(dice.between(1, 9), dice.between(1, 9))
    number = int(dice.digits(count))
    if dice.chance(0.15):
        number = max(1, number // 10 ** (count - 1)) * 10 ** (count - 1)
    if count > 3 and dice.chance(0.5):
        return f"{number:,}"
    return str(number)


def decimal(dice: Dice) -> str:
    """A decimal fraction, at times signed, in powers of ten, or with a tolerance."""
    text = f"{dice.digits(dice.between(1, 3)).lstrip('0') or '0'}.{dice.digits(dice.between(1, 4))}"
    shape = dice.random()
    if shape < 0.12:
        return dice.pick("-+") + text
    if shape < 0.17:
        return f"{text}e{dice.pick('+-')}{dice.digits(2)}"
    if shape < 0.22:
        return f"{text} ± 0.{dice.digits(2)}" if dice.chance(0.5) else f"±{text}"
    if shape < 0.26:
        return f"{dice.pick('<>~=≤≥')}{dice.pick(('', ' '))}{text}"
    return text


def date(dice: Dice) -> str:
    """A day in one of the ways people write it."""
    year, month, day = dice.between(1900, 2039), dice.between(1, 12), dice.between(1, 28)
    name = MONTHS[month - 1]
    short = name[:3]
    shape = dice.between(0, 13)
    if shape <= 3:
        mark = "-/. "[shape] if shape < 3 else ""
        return f"{year}{mark}{month:02d}{mark}{day:02d}"
    if shape <= 6:
        mark = "/.-"[shape - 4]
        return f"{day:02d}{mark}{month:02d}{mark}{year}"
    if shape == 7:
        return f"{month}/{day}/{year % 100:02d}"
    if shape == 8:
        return f"{name} {day}, {year}"
    if shape == 9:
        return f"{day} {short} {year}"
    if shape == 10:
        return f"{short}. {day}, {year}"
    if shape == 11:
        return f"{day}-{short}-{year}"
    if shape == 12:
        return f"{dice.pick(DAYS)}, {short} {day}"
    return f"{name} {year}"


def time(dice: Dice) -> str:
    """A time of day, or one with its date."""
    hour, minute = dice.between(0, 23), dice.between(0, 59)
    shape = dice.between(0, 6)
    if shape <= 2:
        return f"{hour:02d}:{minute:02d}"
    if shape == 3:
        return f"{hour:02d}:{minute:02d}:{dice.between(0, 59):02d}"
    if shape == 4:
        return f"{hour % 12 + 1}:{minute:02d}{dice.pick((' AM', ' PM', ' a.m.', ' p.m.', 'am', 'pm'))}"
    if shape == 5:
        return f"{hour:02d}:{minute:02d}-{(hour + 2) % 24:02d}:{minute:02d}"
    return f"{date(dice)} {hour:02d}:{minute:02d}"


def amount(dice: Dice) -> str:
    """A sum of money with its currency before or behind."""
    count = dice.between(1, 6)
    whole = f"{int(dice.digits(count)):,}" if dice.chance(0.6) else str(int(dice.digits(count)))
    cents = dice.pick((".00", ".50", ".99", "." + dice.digits(2), "." + dice.digits(2), ""))
    shape = dice.random()
    if shape < 0.6:
        return f"{dice.pick(('', '', '', '-'))}{dice.pick(SIGNS)}{whole}{cents}"
    if shape < 0.75:
        return f"{whole}{cents} {dice.pick(CODES)}"
    if shape < 0.9:
        return f"{dice.pick(CODES)} {whole}{cents}"
    return f"({whole}{cents})" if dice.chance(0.4) else f"{whole}{cents}"


def percentage(dice: Dice) -> str:
    """A share in percent."""
    text = str(dice.between(0, 100)) if dice.chance(0.5) else f"{dice.between(0, 99)}.{dice.digits(dice.between(1, 2))}"
    return f"{dice.pick(('', '', '', '+', '-', '~'))}{text}%"


def telephone(dice: Dice) -> str:
    """A telephone number."""
    shape = dice.between(0, 6)
    if shape == 0:
        return f"1{dice.pick('3456789')}{dice.digits(9)}"
    if shape == 1:
        return f"+86 1{dice.pick('3456789')}{dice.digits(1)} {dice.digits(4)} {dice.digits(4)}"
    if shape == 2:
        return f"0{dice.pick(('10', '21', '22', '571', '755', '28'))}-{dice.digits(8)}"
    if shape == 3:
        return f"({dice.digits(3)}) {dice.digits(3)}-{dice.digits(4)}"
    if shape == 4:
        return f"+{dice.between(1, 99)}-{dice.digits(3)}-{dice.digits(3)}-{dice.digits(4)}"
    if shape == 5:
        return f"{dice.pick(('400', '800'))}-{dice.digits(3)}-{dice.digits(4)}"
    return f"Tel: {dice.digits(3)} {dice.digits(4)}"


def postal_code(dice: Dice) -> str:
    """Five or six digits, or nine with a hyphen."""
    shape = dice.between(0, 3)
    if shape == 0:
        return f"{dice.digits(5)}-{dice.digits(4)}"
    return dice.digits(5 if shape == 1 else 6)


def identity(dice: Dice) -> str:
    """A Chinese citizen's number: region, birth date, order, check character as in GB 11643-1999.

    Example:
        >>> import numpy as np
        >>> len(identity(Dice(np.random.default_rng(0))))
        18
    """
    birth = f"{dice.between(1940, 2020)}{dice.between(1, 12):02d}{dice.between(1, 28):02d}"
    body = f"{dice.pick(REGIONS)}{birth}{dice.digits(3)}"
    total = sum(weight * int(digit) for weight, digit in zip(IDENTITY_WEIGHTS, body, strict=True))
    return body + IDENTITY_CHECKS[total % 11]


def serial(dice: Dice) -> str:
    """An invoice, order, card or serial number."""
    shape = dice.random()
    if shape < 0.4:
        return f"{dice.pick(PREFIXES)}{dice.digits(dice.between(2, 8))}"
    if shape < 0.6:
        return f"{dice.digits(4)} {dice.digits(4)} {dice.digits(4)} {dice.digits(4)}"
    if shape < 0.8:
        return f"{dice.digits(dice.between(2, 4))}-{dice.digits(dice.between(3, 6))}"
    return dice.digits(dice.between(6, 15))


def version(dice: Dice) -> str:
    """A version number, an address of a network, or the number of a section."""
    shape = dice.random()
    if shape < 0.4:
        return f"{dice.pick(('', '', 'v', 'V', '=='))}{dice.between(0, 12)}.{dice.between(0, 30)}.{dice.between(0, 20)}"
    if shape < 0.6:
        return f"{dice.between(1, 12)}.{dice.between(1, 12)}"
    if shape < 0.8:
        return ".".join(str(dice.between(0, 255)) for _ in range(4))
    return f"{dice.pick(('0x', '#'))}{int(dice.random() * 16**6):06x}"


def measure(dice: Dice) -> str:
    """A number with its unit, a size, a range or a ratio."""
    shape = dice.random()
    if shape < 0.5:
        number = integer(dice) if dice.chance(0.6) else decimal(dice)
        return f"{number}{dice.pick(('', ' '))}{dice.pick(UNITS)}"
    first, second = dice.between(1, 400), dice.between(1, 400)
    if shape < 0.65:
        return dice.pick(("{}×{}", "{} × {}", "{}x{}", "{} x {}", "{}*{}")).format(first, second)
    if shape < 0.8:
        return dice.pick(("{}-{}", "{}–{}", "{}~{}", "{}/{}", "{}:{}")).format(first, first + second)
    return dice.pick(("{} + {}", "{} - {}", "{} ÷ {}", "{}+{}", "{} = {}", "{} < {}", "{} > {}", "{}^{}")).format(
        first, second
    )


NUMBERS: tuple[tuple[float, Kind], ...] = (
    (2.0, integer),
    (1.0, decimal),
    (2.0, date),
    (1.0, time),
    (2.0, amount),
    (0.8, percentage),
    (1.0, telephone),
    (0.5, postal_code),
    (0.7, identity),
    (1.0, serial),
    (0.7, version),
    (1.0, measure),
)


class NumberText:
    """Makes lines of numbers.

    Args:
        symbols: the alphabet; nothing else is written.
        spare: a maker of text that always fits.
    """

    def __init__(self, symbols: frozenset[str], spare: Kind) -> None:
        self._numbers = Kinds(NUMBERS, symbols, spare)
        space = " " if " " in symbols else ""
        self._joints = (space, space, f",{space}" if "," in symbols else space)

    def line(self, dice: Dice, length: int) -> str:
        """One number or several, at most ``length`` code points; at times a part of a longer one."""
        text = self._numbers.draw(dice)
        alone = dice.chance(0.3)
        while not alone and len(text) < length:
            text += dice.pick(self._joints) + self._numbers.draw(dice)
        start = dice.between(0, max(0, len(text) - length)) if dice.chance(0.2) else 0
        return text[start : start + length].strip(" ,")
