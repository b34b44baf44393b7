"""Stretches of English as documents print it: sentences, headings, code, paths, addresses."""

from gateviz.typesetting.dice import Dice, Kind, Kinds, Weighted
from gateviz.typesetting.number_text import NUMBERS, integer, version

STREETS = ("Street", "St.", "Road", "Rd", "Avenue", "Ave", "Lane", "Drive", "Blvd", "Way", "Square", "Court", "Place")
STATES = ("AL", "AZ", "CA", "CO", "FL", "GA", "IL", "MA", "MI", "MN", "NJ", "NY", "OH", "PA", "TX", "VA", "WA", "WI")
DOMAINS = ("com", "org", "net", "cn", "io", "edu", "co.uk", "de", "gov", "info")
SUFFIXES = ("py", "txt", "pdf", "md", "json", "html", "png", "jpg", "csv", "toml", "cpp", "js", "yml", "tar.gz", "exe")
SHORT = ("e.g.", "i.e.", "etc.", "Mr.", "Mrs.", "Dr.", "vs.", "Fig.", "No.", "U.S.", "Inc.", "Ltd.", "Co.", "a.m.",
         "p.m.", "approx.", "al.", "St.", "Jr.", "Ph.D.", "Vol.", "pp.", "OK", "I", "A")  # fmt: skip
QUOTES = (
    "()",
    "()",
    "()",
    '""',
    '""',
    '""',
    '""',
    "''",
    "''",
    "[]",
    "“”",
    "“”",
    "‘’",
    "``",
    "``",
    "<>",
    "{}",
    "**",
    "__",
    "||",
)
ENDS = Weighted(("", ",", ".", ";", ":", "!", "?", "...", " -", " –", "—", " &", " /", " +", " =", " |", "…", " •", " →"),
                (78, 8, 6.5, 0.7, 1.2, 0.8, 0.9, 0.3, 0.7, 0.4, 0.2, 0.6, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2))  # fmt: skip
LONGEST_WORD = 8
SENTENCE_ENDS = frozenset({".", "!", "?", "..."})


class LatinText:
    """Makes stretches of Latin text.

    Args:
        words: English words in lower case.
        symbols: the alphabet; nothing else is written.
        spare: a maker of text that always fits.
    """

    def __init__(self, words: Weighted[str], symbols: frozenset[str], spare: Kind) -> None:
        self._words = words
        self._symbols = symbols
        self._space = " " if " " in symbols else ""
        numbers = Kinds(NUMBERS, symbols, spare)
        kinds: tuple[tuple[float, Kind], ...] = (
            (6.0, numbers.draw),
            (3.0, self._wrapped),
            (2.0, self._compound),
            (1.5, self._short),
            (1.5, self._acronym),
            (1.5, self._camel),
            (1.5, self._address),
            (1.5, self._web),
            (2.0, self._path),
            (2.5, self._code),
            (2.0, self._formula),
            (7.0, self._lone),
            (2.0, self._possessive),
        )
        self._others = Kinds(kinds, symbols, self.word)
        self.tokens = Kinds(((3.0, self.word), (2.0, self.name), *kinds[1:7]), symbols, self.word)

    def word(self, dice: Dice) -> str:
        """A word, in lower case where the alphabet has it."""
        return self._cased(self._words.draw(dice), 0)

    def name(self, dice: Dice) -> str:
        """A word with a capital."""
        return self._cased(self._words.draw(dice), 1)

    def line(self, dice: Dice, length: int) -> str:
        """At most ``length`` code points, mostly from the start of a word, and often to the end of one."""
        start = dice.between(0, length + LONGEST_WORD) if dice.chance(0.6) else 0
        text = self._stretch(dice, start + length)
        if start and dice.chance(0.75):
            start = text.find(" ", 0, start) + 1
        line = text[start : start + length]
        end = line.rfind(" ")
        if end >= 0.7 * length and dice.chance(0.6):
            line = line[:end]
        return line.strip(" ")

    def _stretch(self, dice: Dice, length: int) -> str:
        """Text of at least ``length`` code points, from the start of a word."""
        style = dice.random()
        heading = 2 if style < 0.1 else 1 if style < 0.2 else 0
        # Prose, documentation with names and numbers between, or a line of code.
        plain = 0.95 if style > 0.6 else 0.7 if style > 0.06 else 0.2
        pieces: list[str] = []
        total = 0
        starts = dice.chance(0.5)
        while total < length:
            if dice.chance(plain):
                piece = self._cased(self._words.draw(dice), heading or int(starts or dice.chance(0.04)))
            else:
                piece = self._others.draw(dice)
            end = ENDS.draw(dice)
            starts = end in SENTENCE_ENDS
            if end and not (piece[-1:] == "." and end[0] == ".") and self._symbols.issuperset(end):
                piece += end
            pieces.append(piece)
            total += len(piece) + 1
        return self._space.join(pieces)

    def _cased(self, word: str, capitals: int) -> str:
        """The word in lower case (0), with a capital (1), in capitals (2), as far as the alphabet goes."""
        cased = (word, word[0].upper() + word[1:], word.upper())[capitals]
        if self._symbols.issuperset(cased):
            return cased
        return word if self._symbols.issuperset(word) else word.upper()

    def _lone(self, dice: Dice) -> str:
        """A word of one letter or digit, which word lists hardly have: a, I, the B of B = 1."""
        return dice.pick(
            ("a", "a", "a", "A", "I", chr(97 + dice.between(0, 25)), chr(65 + dice.between(0, 25)), dice.digits(1))
        )

    def _possessive(self, dice: Dice) -> str:
        return f"{self._plain(dice)}'s"

    def _plain(self, dice: Dice) -> str:
        """A word of letters only."""
        for _ in range(4):
            word = self.word(dice)
            if word.isalpha():
                return word
        return "".join(filter(str.isalpha, word))

    def _wrapped(self, dice: Dice) -> str:
        marks = dice.pick(QUOTES)
        inside = " ".join(self.word(dice) for _ in range(dice.between(1, 3))) if dice.chance(0.8) else integer(dice)
        return f"{marks[0]}{inside}{marks[1]}"

    def _compound(self, dice: Dice) -> str:
        mark = dice.pick("---/&+'")
        if mark == "'":
            return f"{self._plain(dice)}’s" if dice.chance(0.4) else f"{self._plain(dice)}'s"
        return f"{self.word(dice)}{mark}{self.word(dice)}"

    def _short(self, dice: Dice) -> str:
        return dice.pick(SHORT)

    def _acronym(self, dice: Dice) -> str:
        letters = "".join(chr(65 + dice.between(0, 25)) for _ in range(dice.between(2, 5)))
        return letters + dice.pick(("", "", "", "s", f"-{dice.between(1, 99)}", str(dice.between(1, 9))))

    def _camel(self, dice: Dice) -> str:
        parts = [self._plain(dice) for _ in range(dice.between(2, 3))]
        joined = "".join(part[0].upper() + part[1:] for part in parts)
        return joined if dice.chance(0.6) else joined[0].lower() + joined[1:]

    def _address(self, dice: Dice) -> str:
        street = f"{dice.between(1, 9999)} {self.name(dice)} {dice.pick(STREETS)}"
        shape = dice.random()
        if shape < 0.4:
            return street
        if shape < 0.7:
            return f"{street}, {self.name(dice)}, {dice.pick(STATES)} {dice.digits(5)}"
        if shape < 0.85:
            return f"Apt. {dice.between(1, 99)}{dice.pick('ABCDEF')}, {street}"
        letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
        return (
            f"{self.name(dice)} {dice.pick(letters)}{dice.pick(letters)}{dice.between(1, 20)} "
            f"{dice.between(1, 9)}{dice.pick(letters)}{dice.pick(letters)}"
        )

    def _web(self, dice: Dice) -> str:
        domain = f"{self._plain(dice)}.{dice.pick(DOMAINS)}"
        shape = dice.random()
        if shape < 0.4:
            mark = dice.pick((".", "_", "-", ""))
            return f"{self._plain(dice)}{mark}{dice.pick((self._plain(dice), dice.digits(2)))}@{domain}"
        if shape < 0.6:
            return f"www.{domain}"
        start = dice.pick(("https://", "http://", "https://www."))
        query = dice.pick(
            ("", "/", f"/{self._plain(dice)}", f"?{self._plain(dice)}={integer(dice)}&id={dice.digits(2)}")
        )
        return f"{start}{domain}{query}"

    def _path(self, dice: Dice) -> str:
        names = [self._plain(dice) for _ in range(dice.between(1, 3))]
        file = f"{names[-1]}.{dice.pick(SUFFIXES)}"
        shape = dice.random()
        if shape < 0.3:
            return file
        if shape < 0.6:
            return "/".join([*names[:-1], file])
        if shape < 0.75:
            return dice.pick(("/", "~/", "./", "../")) + "/".join(names)
        if shape < 0.9:
            return f"{dice.pick('CD')}:\\" + "\\".join(names)
        return f"*.{dice.pick(SUFFIXES)}"

    def _code(self, dice: Dice) -> str:
        first, second = self._plain(dice), self._plain(dice)
        shape = dice.between(0, 15)
        shapes = (
            f"{first}_{second}",
            f"{first}_{second}",
            f"{first}_{second}_{dice.between(0, 9)}",
            f"--{first}-{second}",
            f"--{first}",
            f"-{first[0]}",
            f"`{first}`",
            f"`{first}_{second}`",
            f"{first}.{second}()",
            f"{first}({second}={dice.between(0, 99)})",
            f"{first}[{dice.between(0, 9)}]",
            f'{{"{first}": {dice.between(0, 99)}}}',
            f"${first.upper()}",
            f"@{first}",
            f"#{first}",
            f"<{first}>" if dice.chance(0.5) else f"</{first}>",
        )
        return shapes[shape]

    def _formula(self, dice: Dice) -> str:
        first, second = chr(97 + dice.between(0, 25)), chr(97 + dice.between(0, 25))
        mark = dice.pick(("+", "-", "*", "/", "=", "==", "!=", "<", ">", "<=", ">=", "&&", "||", "|", "^", "%", "->", "~",
                          "+=", "\\", "×", "÷", "≤", "≥", "→", "←", "≠", "±"))  # fmt: skip
        shape = dice.random()
        if shape < 0.4:
            return f"{first} {mark} {second}"
        if shape < 0.6:
            return f"{first}{mark}{dice.between(0, 99)}"
        if shape < 0.75:
            return f"{first}^{dice.between(2, 9)} {mark} {dice.between(1, 99)}{second}"
        if shape < 0.9:
            return f"{{{first}, {second}}}" if dice.chance(0.5) else f"({first}, {second}; {first}|{second})"
        return f"© {dice.between(1980, 2030)}" if dice.chance(0.5) else f"{version(dice)}!"
