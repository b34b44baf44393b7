"""Alphabets by name, and from a file or a string."""

import string
from pathlib import Path

from gateviz.errors import AlphabetError
from gateviz.files.budget import ALPHABET_BYTES
from gateviz.files.inputs import read_within

CHINESE_PUNCTUATION = "，。！？、：；（）《》〈〉“”‘’【】「」『』…—～·￥％"
TYPOGRAPHY = "–•×÷±°€£¥©→←≤≥"

# The 160 characters of GB 2312's second level that Chinese text of today uses most, in the order of
# their codes; counted over the Chinese words of wordfreq 3.1 with their frequencies.
FREQUENT_LEVEL_2 = (
    "丐廿丞噩厥匮卦伽侏兮亵冢冥诏诠诶阱阪邸劾圳馨艹芙茉茜莓莞萃蕃薇薰弈奕尬尴撸叨呃呗呦哒咧咦咪唔喵喽喔"
    "嗷嘟嗯嗨噢噜崛巅彷徙狩猥饪庵忏怡悖沐沌汶泸浏淇渎渲潇寮迦逍妃姊妞妾娅婊婷嫖驿绮绯珀琪瑜瑕瑙韬梵榄榈槟"
    "橄橘殡昵暧掰肴朕豚飓飙斐炖炫祀祠祯禅禧矶睐睿町罹羁钛铐镖黏鸠鹉鹦瘾癖癫聆虔螂蝠蝙笃筝暨翡酯跤蹂躏雳霆霾"
    "稣鲨鳄鳍骼魅髦麒麟黛"
)

NAMES = ("digits", "ascii", "chinese-punctuation", "gb2312-1", "bundled")


def named_symbols(name: str) -> tuple[str, ...]:
    """The symbols of an alphabet that has a name.

    ``digits``: 0 to 9. ``ascii``: the 95 printable characters, the space first.
    ``chinese-punctuation``: the marks of Chinese text. ``gb2312-1``: the 3,755 characters of the
    first level of GB 2312. ``bundled``: all of these, common typographic marks and the most frequent
    characters of the second level: the alphabet of the model that comes with gateviz.

    Raises:
        AlphabetError: there is no such name.

    Example:
        >>> len(named_symbols("gb2312-1")), "".join(named_symbols("gb2312-1")[:4])
        (3755, '啊阿埃挨')
    """
    if name == "digits":
        return tuple(string.digits)
    if name == "ascii":
        return tuple(map(chr, range(32, 127)))
    if name == "chinese-punctuation":
        return tuple(CHINESE_PUNCTUATION)
    if name == "gb2312-1":
        return _first_level()
    if name == "bundled":
        parts = (named_symbols("ascii"), CHINESE_PUNCTUATION, TYPOGRAPHY, _first_level(), FREQUENT_LEVEL_2)
        return tuple(symbol for part in parts for symbol in part)
    raise AlphabetError(f"there is no alphabet named {name!r}; there are {', '.join(NAMES)}")


def symbols_of(given: str) -> tuple[str, ...]:
    """The symbols that a user means: one of the ``NAMES`` or several joined by ``+``, a text file, or the symbols.

    A file has one symbol a line, or all of them in a row.

    Raises:
        AlphabetError: a path without a file, a file that is not UTF-8, no symbol, or a symbol twice.
    """
    parts = given.split("+")
    if all(part in NAMES for part in parts):
        return tuple(dict.fromkeys(symbol for part in parts for symbol in named_symbols(part)))
    path = Path(given)
    symbols = _of_file(path) if path.suffix == ".txt" else tuple(given)
    repeated = sorted({symbol for symbol in symbols if symbols.count(symbol) > 1}) if len(symbols) < 20_000 else []
    if not symbols:
        raise AlphabetError(f"the alphabet {given!r} has no symbol; give at least one")
    if repeated:
        names = ", ".join(map(repr, repeated[:10]))
        raise AlphabetError(f"the alphabet has {names} more than once; a symbol stands for one class, so remove one")
    return symbols


def _of_file(path: Path) -> tuple[str, ...]:
    try:
        content = read_within(
            path, ALPHABET_BYTES, f"the alphabet file {path}", advice="name a file of symbols", error=AlphabetError
        )
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AlphabetError(f"the alphabet file {path} is not UTF-8 ({error.reason}); save it as UTF-8") from error
    except OSError as error:
        raise AlphabetError(f"the alphabet file {path} cannot be read: {error.strerror}") from error
    return tuple(text.replace("\r", "").replace("\n", ""))


def _first_level() -> tuple[str, ...]:
    """Rows 16 to 55 of GB 2312, whose last row ends after 89 cells."""
    rows = ((row, 89 if row == 55 else 94) for row in range(16, 56))
    return tuple(
        bytes((0xA0 + row, 0xA0 + cell)).decode("gb2312") for row, cells in rows for cell in range(1, cells + 1)
    )
