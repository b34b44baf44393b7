"""The greedy reading of rendered lines, beside the reading of the installed Tesseract.

Tesseract searches a beam with a dictionary and its released versions draw their noise from different
generators, so the readings cannot agree everywhere; every difference is printed. Whitespace: runs of
it count as one space in English and are left out in Chinese, where Tesseract sets spaces by its own rules.
"""

import difflib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont, features

import gateviz
from gateviz.capture.recognizer import pixels_of
from gateviz.ctc.greedy import greedy
from gateviz.data.emission import Emission
from gateviz.data.reading_order import reading_text

pytestmark = pytest.mark.system

TESSDATA = Path("/usr/share/tesseract-ocr/5/tessdata")
FONTS = Path("/usr/share/fonts")
ENGLISH_FONTS = (
    ("truetype/dejavu/DejaVuSans.ttf", 0, "fonts-dejavu-core"),
    ("truetype/liberation/LiberationSerif-Regular.ttf", 0, "fonts-liberation"),
    ("truetype/freefont/FreeSerifItalic.ttf", 0, "fonts-freefont-ttf"),
)
CHINESE_FONTS = (
    ("opentype/noto/NotoSansCJK-Regular.ttc", 2, "fonts-noto-cjk"),
    ("truetype/wqy/wqy-zenhei.ttc", 0, "fonts-wqy-zenhei"),
    ("truetype/arphic/uming.ttc", 0, "fonts-arphic-uming"),
)
FRENCH_FONTS = ENGLISH_FONTS
JAPANESE_FONTS = (
    ("opentype/noto/NotoSansCJK-Regular.ttc", 0, "fonts-noto-cjk"),
    ("opentype/noto/NotoSerifCJK-Regular.ttc", 0, "fonts-noto-cjk"),
    ("opentype/noto/NotoSansCJK-Bold.ttc", 0, "fonts-noto-cjk"),
)
HEBREW_FONTS = (
    ("truetype/dejavu/DejaVuSans.ttf", 0, "fonts-dejavu-core"),
    ("truetype/freefont/FreeSerif.ttf", 0, "fonts-freefont-ttf"),
    ("truetype/freefont/FreeSans.ttf", 0, "fonts-freefont-ttf"),
)
ARABIC_FONTS = (
    ("truetype/dejavu/DejaVuSans.ttf", 0, "fonts-dejavu-core"),
    ("truetype/freefont/FreeSerif.ttf", 0, "fonts-freefont-ttf"),
    ("truetype/dejavu/DejaVuSans-Bold.ttf", 0, "fonts-dejavu-core"),
)
SIZES = (26, 32, 41, 54)
WITHOUT_DICTIONARY = [
    option for kind in ("system", "freq", "punc", "number") for option in ("-c", f"load_{kind}_dawg=0")
]

_WHO = ("The gardener", "My neighbor", "A young pilot", "Professor Hale", "The old clock", "Our committee", "Julia")
_DID = ("counted", "painted", "forgot", "borrowed", "repaired", "measured", "described", "sold")
_WHAT = ("seven green bottles", "the harbor bridge", "a box of letters", "(almost) every map", "16 wooden chairs")
_END = (
    "on Monday.",
    "before 9:45!",
    "in 1987, we think;",
    "for $24.50 each.",
    "- and nobody knew why?",
    "at No. 6, Quay Street.",
)
_CHINESE_WHO = ("我们的老师", "那位工程师", "小镇上的人们", "他的妹妹", "图书馆馆长", "年轻的画家", "公司经理")
_CHINESE_WHEN = ("昨天下午", "在春天的早晨", "上个星期三", "每年十月", "大雨停了以后", "二零一九年")
_CHINESE_DID = (
    "修好了旧自行车",
    "写完了一封长信",
    "参观了海边的博物馆",
    "讨论了三个重要问题",
    "买到了新鲜的水果",
    "打开了窗户看月亮",
    "学习怎样画山水",
)
_CHINESE_END = (
    "，心里非常高兴。",
    "，可是没有人知道。",
    "，然后回家吃晚饭。",
    "，价格是四十五元。",
    "！",
    "，你觉得怎么样？",
)

_FRENCH = (
    ("Le vieux jardinier", "Ma voisine", "L'élève", "Une fée", "Le garçon", "Le maître d'hôtel", "Hélène"),
    ("a compté", "a peint", "oubliait", "répète", "achètera", "a reçu", "cherchait", "dessinera"),
    ("sept bouteilles", "un gâteau sucré", "des œuvres", "(presque) tout", "16 chaises", "l'été à Nîmes"),
    ("lundi.", "avant 9 h 45 !", "en 1987, dit-on ;", "pour 24,50 €.", "- et où donc ?", "au n° 6, rue du Quai."),
)
_JAPANESE = (
    ("私たちの先生", "あの技術者", "小さな町の人々", "彼の妹", "図書館の館長", "若い画家", "会社の社長"),
    ("は昨日の午後", "は春の朝に", "は先週の水曜日", "は毎年十月に", "は雨がやんでから", "は２０１９年に"),
    (
        "古い自転車を直して",
        "長い手紙を書き終えて",
        "海辺の博物館を見学し",
        "三つの大切な問題を話し合い",
        "新しい果物を買って",
        "窓を開けて月を見て",
        "ピアノを練習し",
    ),
    (
        "、とても喜んだ。",
        "、だれも知らなかった。",
        "、家に帰って夕食を食べた。",
        "、四十五円を払った。",
        "、友だちに電話した。",
        "、どう思いましたか。",
    ),
)
_HEBREW = (
    ("המורה שלנו", "השכן הזקן", "ילדה קטנה", "מנהל הספריה", "הצייר הצעיר", "אחותו", "הרופא"),
    ("קנה", "צייר", "שכח", "תיקן", "מדד", "מכר", "ראה", "כתב"),
    ("שבעה בקבוקים", "את הגשר בנמל", "קופסה של מכתבים", "(כמעט) כל מפה", "16 כיסאות", "ספר חדש"),
    ("ביום שני.", "לפני 9:45!", "בשנת 1987, כנראה;", "במחיר 24.50.", "- ולמה?", "ברחוב הים 6, חיפה."),
)
_ARABIC = (
    ("المعلم الجديد", "جارنا القديم", "طفلة صغيرة", "مدير المكتبة", "الرسام الشاب", "اخي الكبير", "الطبيب"),
    ("كتب", "رسم", "نسي", "اصلح", "وصف", "باع", "شاهد", "قرا"),
    ("سبع زجاجات", "جسر الميناء", "صندوق رسائل", "كل الخرائط", "16 كرسيا", "كتابا جديدا"),
    ("يوم الاثنين.", "قبل المساء!", "في سنة 1987.", "في السوق.", "في البيت الكبير.", "مع اصدقائه في المدينة."),
)


def chosen(parts, number, between):
    return between.join(part[(number * (step + 1) + number // 7) % len(part)] for step, part in enumerate(parts))


def english(number):
    return chosen((_WHO, _DID, _WHAT, _END), number, " ")


def chinese(number):
    return chosen((_CHINESE_WHO, _CHINESE_WHEN, _CHINESE_DID, _CHINESE_END), number, "")


def rendered(text, font, size, *, color):
    face = ImageFont.truetype(str(FONTS / font[0]), size, index=font[1])
    left, top, right, bottom = face.getbbox(text)
    margin = size // 5
    image = Image.new("RGB" if color else "L", (right - left + 2 * margin, bottom - top + 2 * margin), "white")
    ink = (20, 30, 120) if color else 0
    ImageDraw.Draw(image).text((margin - left, margin - top), text, font=face, fill=ink)
    return image


def lines(texts, fonts, folder):
    """Images: three fonts, four sizes, every fifth one in color."""
    for path, _, package in fonts:
        if not (FONTS / path).is_file():
            pytest.skip(f"the font {path} is not installed (Debian package {package})")
    images = []
    for number, text in enumerate(texts):
        image = rendered(text, fonts[number % 3], SIZES[number % 4], color=number % 5 == 4)
        image.save(folder / f"{number:02}.png")
        images.append(np.array(image))
    return images


def read_by_tesseract(folder, count, language, options=()):
    """One process for all lines; they come back with form feeds between them."""
    listing = folder / "lines.txt"
    listing.write_text("".join(f"{folder / f'{number:02}.png'}\n" for number in range(count)))
    command = ["tesseract", str(listing), "-", "--psm", "13", "-l", language, "--tessdata-dir", str(TESSDATA), *options]
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    pages = done.stdout.removesuffix("\f").split("\f")
    assert len(pages) == count, done.stderr
    return pages


def read_by_gateviz(images, language):
    recognizer = gateviz.load(TESSDATA / f"{language}.traineddata")
    texts = []
    for image in images:
        with torch.no_grad():
            log_probs = recognizer.log_probs(pixels_of(recognizer.prepare(image))[None])[0].numpy()
        spans = greedy(Emission(log_probs, recognizer.alphabet)).spans
        # Frames run from left to right, and so do the symbols of a Hebrew line.
        texts.append(reading_text([span.symbol for span in spans]))
    return texts


def agreement(ours, theirs, normal):
    """Share of characters that are equal in an alignment of both texts, and a line for each pair that differs."""
    equal = total = 0
    told = []
    for number, (our, their) in enumerate(zip(ours, theirs, strict=True)):
        our, their = normal(our), normal(their)
        blocks = difflib.SequenceMatcher(None, our, their, autojunk=False).get_matching_blocks()
        equal += sum(block.size for block in blocks)
        total += max(len(our), len(their))
        if our != their:
            told.append(f"{number:02} gateviz   {our}\n   tesseract {their}")
    return equal / total, told


def english_spaces(text):
    return " ".join(text.split())


def no_spaces(text):
    return "".join(text.split())


def compare(texts, fonts, language, normal, folder, package):
    model = TESSDATA / f"{language}.traineddata"
    if not model.is_file():
        pytest.skip(f"{model} is not installed (Debian package {package})")
    images = lines(texts, fonts, folder)
    ours = read_by_gateviz(images, language)
    for name, options in (("with dictionary", ()), ("without dictionary", WITHOUT_DICTIONARY)):
        theirs = read_by_tesseract(folder, len(texts), language, options)
        share, told = agreement(ours, theirs, normal)
        told.insert(0, f"{language} {name}: {share:.4f} of characters equal, {len(told)} lines differ")
        sys.stdout.write("\n".join([*told, ""]))
        assert share >= 0.95
    truth, _ = agreement(ours, texts, normal)
    sys.stdout.write(f"{language}: {truth:.4f} of characters equal the text that was drawn\n")
    assert truth >= 0.95


@pytest.fixture(autouse=True)
def _tesseract():
    try:
        subprocess.run(["tesseract", "--version"], capture_output=True, check=True)
    except OSError:
        pytest.skip("tesseract is not installed (Debian package tesseract-ocr)")


def test_english_lines_read_as_tesseract_reads_them(tmp_path):
    texts = [english(number) for number in range(50)]
    assert len(set(texts)) == 50
    compare(texts, ENGLISH_FONTS, "eng", english_spaces, tmp_path, "tesseract-ocr-eng")


def test_chinese_lines_read_as_tesseract_reads_them(tmp_path):
    texts = [chinese(number) for number in range(50)]
    assert len(set(texts)) == 50
    compare(texts, CHINESE_FONTS, "chi_sim", no_spaces, tmp_path, "tesseract-ocr-chi-sim")


@pytest.mark.parametrize(
    ("language", "parts", "fonts", "between", "normal"),
    [
        ("fra", _FRENCH, FRENCH_FONTS, " ", english_spaces),
        ("jpn", _JAPANESE, JAPANESE_FONTS, "", no_spaces),
        ("heb", _HEBREW, HEBREW_FONTS, " ", english_spaces),
        ("ara", _ARABIC, ARABIC_FONTS, " ", english_spaces),
    ],
)
def test_lines_of_other_scripts_read_as_tesseract_reads_them(tmp_path, language, parts, fonts, between, normal):
    if language == "ara" and not features.check("raqm"):
        pytest.skip("this Pillow has no raqm, which joins Arabic letters")
    texts = [chosen(parts, number, between) for number in range(30)]
    assert len(set(texts)) == 30
    compare(texts, fonts, language, normal, tmp_path, f"tesseract-ocr-{language}")
