"""Stretches of Chinese as documents print it, alone and with English words and numbers between."""

import re

from gateviz.typesetting.dice import Dice, Kind, Kinds, Weighted
from gateviz.typesetting.latin_text import LatinText
from gateviz.typesetting.number_text import NUMBERS, UNITS, integer

PROVINCES = ("北京市", "上海市", "天津市", "重庆市", "河北省", "山西省", "辽宁省", "吉林省", "黑龙江省", "江苏省", "浙江省",
             "安徽省", "福建省", "江西省", "山东省", "河南省", "湖北省", "湖南省", "广东省", "海南省", "四川省", "贵州省",
             "云南省", "陕西省", "甘肃省", "青海省", "内蒙古自治区", "广西壮族自治区", "新疆", "西藏", "宁夏", "香港", "澳门",
             "台湾省")  # fmt: skip
CITIES = ("石家庄", "太原", "沈阳", "大连", "长春", "哈尔滨", "南京", "苏州", "无锡", "杭州", "宁波", "温州", "合肥", "福州",
          "厦门", "南昌", "济南", "青岛", "烟台", "郑州", "洛阳", "武汉", "长沙", "广州", "深圳", "东莞", "佛山", "珠海", "海口",
          "成都", "贵阳", "昆明", "西安", "兰州", "西宁", "南宁", "桂林", "乌鲁木齐", "拉萨", "银川")  # fmt: skip
DISTRICTS = ("朝阳", "海淀", "东城", "西城", "浦东新", "徐汇", "静安", "黄浦", "鼓楼", "玄武", "西湖", "江干", "天河", "越秀",
             "福田", "南山", "武昌", "江岸", "锦江", "武侯", "雁塔", "和平", "河西", "渝中", "市中", "高新")  # fmt: skip
ROADS = ("中山", "人民", "解放", "建设", "和平", "胜利", "新华", "文化", "长江", "黄河", "北京", "南京", "复兴", "青年", "学院",
         "光明", "友谊", "东风", "迎宾", "滨江", "环城", "幸福", "朝阳", "科技", "工业", "体育", "文明", "劳动")  # fmt: skip
COUNTERS = ("元", "万元", "亿元", "年", "月", "日", "号", "天", "个", "人", "次", "岁", "米", "公里", "公斤", "吨", "小时", "分钟",
            "秒", "％", "％", "％", "%", "倍", "页", "章", "条", "台", "只", "家", "℃", "平方米", "万", "亿", "多", "余名")  # fmt: skip
LABELS = ("姓名", "电话", "地址", "日期", "编号", "合计", "金额", "单价", "数量", "备注", "联系人", "身份证号", "邮编", "手机",
          "传真", "时间", "开户行", "账号", "税号", "名称", "规格", "型号", "注")  # fmt: skip
NUMERALS = "零一二三四五六七八九十百千万"
WRAPS = (
    "“”",
    "“”",
    "“”",
    "《》",
    "《》",
    "（）",
    "（）",
    "（）",
    "‘’",
    "【】",
    "「」",
    "『』",
    "〈〉",
    "()",
    '""',
    "[]",
)
MARKS = Weighted(("，", "。", "、", "！", "？", "；", "：", "……", "——", "…", "～", "·", "", "—"),
                 (50, 22, 7, 3, 3, 3, 4, 1, 1, 0.5, 0.5, 0.7, 6, 0.3))  # fmt: skip
ASCII_MARKS = Weighted((",", ".", "!", "?", ";", ":", "/", "-", "", "|"), (48, 22, 4, 4, 3, 7, 2, 2, 8, 1))
# Marks that end something start no line, those that open something end none.
CLOSING = "，。！？、：；）》〉”’】」』％…—～·,.!?;:)]}% "
OPENING = "（《〈“‘【「『([{ "
LONGEST_CLAUSE = 16
# Of the lines with Latin or numbers between the Chinese, those that set a space there.
SPACED = 0.55
_HAN = "〇㐀-鿿"
_LATIN = "A-Za-z0-9%$"
_BORDER = re.compile(f"(?<=[{_HAN}])(?=[{_LATIN}])|(?<=[{_LATIN}])(?=[{_HAN}])")


class ChineseText:
    """Makes stretches of Chinese text.

    Args:
        words: Chinese words.
        symbols: the alphabet; nothing else is written.
        spare: a maker of text that always fits.
        latin: what makes the English between; None where the alphabet writes none.
    """

    def __init__(self, words: Weighted[str], symbols: frozenset[str], spare: Kind, latin: LatinText | None) -> None:
        self._words = words
        self._symbols = symbols
        self._space = " " if " " in symbols else ""
        own: tuple[tuple[float, Kind], ...] = (
            (3.0, self._wrapped),
            (2.0, self._doubled),
            (3.0, self._counted),
            (1.0, self._date),
            (0.7, self._numeral),
            (0.8, self._address),
            (0.8, self._label),
        )
        self._own = Kinds(own, symbols, self._words.draw)
        numbers = Kinds(NUMBERS, symbols, spare)
        foreign: list[tuple[float, Kind]] = [(3.0, numbers.draw), (1.0, self._measured)]
        if latin is not None:
            foreign += [(5.0, latin.tokens.draw)]
        self._foreign = Kinds(foreign, symbols, self._words.draw)

    def line(self, dice: Dice, length: int) -> str:
        """Chinese, at most ``length`` code points: a clause from its start, or from somewhere in it."""
        start = 0 if dice.chance(0.5) else dice.between(0, LONGEST_CLAUSE)
        text = self._stretch(dice, start + length)
        if dice.chance(SPACED):
            text = self._spaced(text)
        return _bare(text[start : start + length])

    def mixed_line(self, dice: Dice, length: int) -> str:
        """Chinese with English words, numbers and units between, at most ``length`` code points."""
        start = 0 if dice.chance(0.5) else dice.between(0, LONGEST_CLAUSE)
        return _bare(self._mixed_stretch(dice, start + length)[start : start + length])

    def _stretch(self, dice: Dice, length: int) -> str:
        """Chinese text of at least ``length`` code points, from the start of a clause."""
        pieces: list[str] = []
        total = 0
        other = 0.12 if dice.chance(0.5) else 0.03
        while total < length:
            for _ in range(dice.between(1, 6)):
                piece = self._own.draw(dice) if dice.chance(other) else self._words.draw(dice)
                pieces.append(piece)
                total += len(piece)
            pieces.append(self._mark(dice, piece, MARKS))
        return "".join(pieces)

    def _mixed_stretch(self, dice: Dice, length: int) -> str:
        """Chinese text of at least ``length`` code points with English words, numbers and units between."""
        text = ""
        spaced = dice.chance(SPACED)
        ascii_marks = dice.chance(0.3)
        foreign = dice.chance(0.5)
        while len(text) < length:
            piece = self._foreign.draw(dice) if foreign else self._phrase(dice)
            # Two Latin words never run into one; between Chinese and Latin some set a space.
            if text and text[-1] != " " and text[-1].isascii() and piece[0].isascii():
                text += self._space
            text += piece
            if dice.chance(0.22):
                text += (
                    self._mark(dice, piece, ASCII_MARKS) + self._space
                    if ascii_marks
                    else self._mark(dice, piece, MARKS)
                )
            foreign = not foreign if dice.chance(0.85) else foreign
        return self._spaced(text) if spaced else text

    def _spaced(self, text: str) -> str:
        """The text with a space between Chinese and Latin, as many set it."""
        return _BORDER.sub(self._space, text)

    def _phrase(self, dice: Dice) -> str:
        own = self._own.draw(dice) if dice.chance(0.08) else ""
        return "".join(self._words.draw(dice) for _ in range(dice.between(1, 4))) + own

    def _mark(self, dice: Dice, before: str, marks: Weighted[str]) -> str:
        """A mark that the alphabet has; none where one stands before."""
        mark = marks.draw(dice)
        return mark if before[-1] not in "：:.,-" and self._symbols.issuperset(mark) else ""

    def _wrapped(self, dice: Dice) -> str:
        marks = dice.pick(WRAPS)
        inside = "".join(self._words.draw(dice) for _ in range(dice.between(1, 3)))
        return f"{marks[0]}{inside}{marks[1]}"

    def _doubled(self, dice: Dice) -> str:
        """A character twice (看看), or each of a word's (高高兴兴)."""
        word = self._words.draw(dice)[:2]
        return "".join(character * 2 for character in word) if dice.chance(0.4) else word[0] * 2

    def _counted(self, dice: Dice) -> str:
        number = integer(dice) if dice.chance(0.8) else f"{dice.between(0, 99)}.{dice.digits(dice.between(1, 2))}"
        before = dice.pick(("", "", "", "", "第", "约", "共", "￥", "¥", "近"))
        return f"{before}{number}{dice.pick(COUNTERS)}"

    def _measured(self, dice: Dice) -> str:
        return f"{integer(dice)}{dice.pick(('', ' '))}{dice.pick(UNITS)}"

    def _date(self, dice: Dice) -> str:
        year, month, day = dice.between(1900, 2039), dice.between(1, 12), dice.between(1, 31)
        hour, minute = dice.between(0, 23), dice.between(0, 59)
        return dice.pick(
            (
                f"{year}年{month}月{day}日",
                f"{year}年{month}月{day}日",
                f"{month}月{day}日",
                f"{year}年",
                f"{hour}时{minute}分",
                f"{dice.pick(('上午', '下午', '晚上'))}{hour % 12 + 1}:{minute:02d}",
                f"{dice.pick(('上午', '下午', '凌晨'))}{hour % 12 + 1}点{minute}分",
                f"星期{dice.pick('一二三四五六日')}",
                f"{year}～{year + day}年",
            )
        )

    def _numeral(self, dice: Dice) -> str:
        digits = "".join(dice.pick(NUMERALS) for _ in range(dice.between(1, 4)))
        return f"{dice.pick(('第', '', '', '二〇'))}{digits}{dice.pick(('章', '条', '年', '个', '', '元', '岁'))}"

    def _address(self, dice: Dice) -> str:
        road = f"{dice.pick(ROADS)}{dice.pick(('路', '路', '东路', '西路', '大街', '大道', '北路', '街'))}"
        house = f"{road}{dice.between(1, 999)}号"
        room = f"{dice.between(1, 30)}栋{dice.between(1, 6)}单元{dice.between(101, 2504)}室"
        town = f"{dice.pick(CITIES)}市{dice.pick(DISTRICTS)}区"
        return dice.pick((house, f"{town}{house}", f"{dice.pick(PROVINCES)}{town}{house}", f"{house}{room}", room))

    def _label(self, dice: Dice) -> str:
        return f"{dice.pick(LABELS)}{dice.pick('：：:')}"


def _bare(text: str) -> str:
    return text.lstrip(CLOSING).rstrip(OPENING)
