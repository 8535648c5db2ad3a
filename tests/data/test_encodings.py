"""Text whose encoding nobody states: read as it was written, or marked as a guess that can be changed."""

from __future__ import annotations

import codecs
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlcore.data.encodings import canonical, decode, decode_names, encoding_name, encoding_names
from tlcore.errors import DataError

# What is in zips and tables of people, by the encoding that their programs write.
WORDS = {
    "cp932": ("ソファ", "椅子", "机", "表示", "能力", "不良品"),
    "gbk": ("沙发", "椅子", "桌子", "测试图片", "划痕"),
    "big5": ("沙發", "椅子", "桌子", "功能", "許功蓋"),
    "cp949": ("소파", "의자", "책상", "고양이", "불량"),
    "cp866": ("кошки", "собаки", "птицы", "Кот"),
    "cp1251": ("кошки", "собаки", "птицы", "Кот"),
    "koi8_r": ("кошки", "собаки", "птицы", "машина"),
    "cp1252": ("Gänse", "Günse", "Möwen", "élève"),
    "cp850": ("Gänse", "Büros", "Möwen", "élève"),
    "cp1250": ("żółw", "łódź", "prąd", "ząb"),
    "cp852": ("żółw", "łódź", "prąd", "ząb"),
    "cp1253": ("γάτα", "σκύλος", "πουλί"),
    "cp737": ("γάτα", "σκύλος", "πουλί"),
    "cp1254": ("kuş", "köpek", "ağaç", "ışık"),
    "cp1255": ("חתול", "כלב", "ציפור"),
    "cp1256": ("قطة", "كلب", "طائر"),
    "cp874": ("แมว", "หมา", "นก"),
}
LETTERS = {
    "cp932": "日本語写真画像椅子机猫犬鳥花木赤青緑黄良不部品検査あいうえおかきくけこソファテスト表示能",
    "gbk": "测试图片照类别训练正常缺陷裂纹划痕文件新建猫狗鸟鱼花草树木椅桌沙床车船",
    "big5": "測試圖片照類別訓練正常缺陷裂紋劃痕檔案新建貓狗鳥魚花草樹木椅桌沙床車船功能",
    "cp949": "고양이강아지개새의자책상불량정상남자여자빨간파란노란초록검정흰색꽃나무",
    "cp866": "абвгдежзиклмнопрстуфхцчшщыьэюя",
    "cp1251": "абвгдежзиклмнопрстуфхцчшщыьэюя",
    "koi8_r": "абвгдежзиклмнопрстуфхцчшщыьэюя",
    "cp1252": "äöüßéèàêçôîûñãõå",
    "cp850": "äöüßéèàêçôîûñãõå",
    "cp437": "äöüßéèàêçôîûñå",
    "cp1250": "łęóąśżćńźíáéžěýčřšťúůďň",
    "cp1253": "αοιετσνηυρπκμλωδγίάθχέόήφύβώξζψ",
    "cp1254": "ıüşçğöİ",
    "cp1255": "יוהלאתרשבמנדקעפחגטסכזצ",
}
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}


@pytest.mark.parametrize("codec", WORDS)
def test_a_table_is_read_in_the_encoding_it_was_written_in(codec):
    text = "\r\n".join(f"{number}.jpg;{word}" for number, word in enumerate(WORDS[codec] * 3))
    found = decode(text.encode(codec))
    assert (found.text, found.codec, found.guessed) == (text, codec, True)


@pytest.mark.parametrize("codec", WORDS)
def test_names_in_an_archive_are_read_in_the_encoding_they_were_written_in(codec):
    names = [f"{word}/{number}.jpg" for word in WORDS[codec] for number in range(3)]
    texts, found = decode_names([name.encode(codec) for name in names])
    assert texts == names
    assert found.guessed
    assert found.text.splitlines() == [f"{word}/0.jpg" for word in dict.fromkeys(WORDS[codec])][:8]


@settings(max_examples=100, deadline=None)
@given(data=st.data(), codec=st.sampled_from(sorted(LETTERS)))
def test_a_text_is_read_right_or_the_right_encoding_is_offered(data, codec):
    words = data.draw(st.lists(st.text(st.sampled_from(LETTERS[codec]), min_size=2, max_size=9), min_size=4))
    text = "\n".join(f"{word}/1.jpg" for word in words)
    found = decode(text.encode(codec))
    assert found.text == text or codec in found.alternatives
    assert found.guessed or found.codec == "utf-8"


@cache
def repertoire(codec: str) -> str:
    """Every character that an encoding has, and gives back; no line ends."""
    letters = "".join(map(chr, [*range(0x20, 0xD800), *range(0xE000, 0xFEFF), *range(0xFF00, 0xFFF0)]))
    given_back = letters.encode(codec, errors="ignore").decode(codec)
    return "".join(letter for letter in given_back if letter.encode(codec).decode(codec) == letter)


@pytest.mark.parametrize("codec", encoding_names())
def test_a_chosen_encoding_gives_back_what_was_written(codec):
    everything = repertoire(codec)
    assert decode(everything.encode(codec), codec).text == everything

    @settings(max_examples=10, deadline=None)
    @given(names=st.lists(st.text(st.sampled_from(everything), min_size=1, max_size=9), max_size=9, unique=True))
    def each(names: list[str]) -> None:
        texts, found = decode_names([name.encode(codec) for name in names], codec)
        assert texts == names
        assert (found.codec, found.guessed) == (codec, False)

    each()


@settings(max_examples=200, deadline=None)
@given(names=st.lists(st.binary(min_size=1, max_size=12).filter(lambda name: b"\n" not in name), unique=True))
def test_different_names_stay_different_whatever_they_are(names):
    texts, _ = decode_names(names)
    assert len(set(texts)) == len(names)


def test_two_codes_of_one_character_do_not_make_one_name_of_two():
    names = [b"\x81\xe0.jpg", b"\x87\x90.jpg", "表示.jpg".encode("cp932")]
    texts, _ = decode_names(names, "cp932")
    assert texts == ["≒.jpg", "≒~2.jpg", "表示.jpg"]


@pytest.mark.parametrize(
    ("mark", "codec", "writes"),
    [
        (codecs.BOM_UTF8, "utf-8", "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16", "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16", "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32", "utf-32-le"),
    ],
)
def test_a_byte_order_mark_decides_and_is_no_part_of_the_text(mark, codec, writes):
    found = decode(mark + "Größe;犬\n".encode(writes))
    assert (found.text, found.codec, found.guessed) == ("Größe;犬\n", codec, False)


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", DELIMITERS.values(), ids=DELIMITERS)
def test_utf_16_without_a_mark_is_found(codec, delimiter):
    text = f"file{delimiter}label\r\n" + "".join(f"{n}.jpg{delimiter}{'犬猫'[n % 2]}\r\n" for n in range(9))
    found = decode(text.encode(codec))
    assert (found.text, found.codec) == (text, codec)


@pytest.mark.parametrize("text", ["", "plain", "Größe", "犬と猫", "a\0b"])
def test_utf_8_is_no_guess(text):
    found = decode(text.encode())
    assert (found.text, found.codec, found.guessed) == (text, "utf-8", False)


def test_utf_8_with_one_damaged_byte_loses_neither_the_rest_nor_the_byte():
    found = decode("犬と猫の写真です。".encode() * 20 + b"\xff")
    assert found.text == "犬と猫の写真です。" * 20 + "\\xff"
    assert (found.codec, found.guessed) == ("utf-8", True)


def test_a_large_table_is_decoded_whole_though_only_a_part_is_rated():
    text = "".join(f"{number}.jpg;{WORDS['cp1251'][number % 4]}\n" for number in range(100_000))
    found = decode(text.encode("cp1251"))
    assert found.text == text


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("Shift_JIS", "cp932"),
        ("sjis", "cp932"),
        ("CP1252", "cp1252"),
        ("windows-1251", "cp1251"),
        ("GB2312", "gbk"),
        ("UTF8", "utf-8"),
        ("latin1", "cp1252"),
        ("big5", "big5"),
        ("EUC-KR", "cp949"),
        ("866", "cp866"),
    ],
)
def test_an_encoding_has_many_names(name, codec):
    assert canonical(name) == codec


@pytest.mark.parametrize("name", ["klingon", "hex", "zip", "idna", "unicode_escape", "a\0b", ""])
def test_what_is_no_text_encoding_is_refused_in_a_sentence(name):
    with pytest.raises(DataError, match="name of a text encoding is needed"):
        canonical(name)


def test_a_chosen_encoding_that_does_not_fit_is_refused():
    with pytest.raises(DataError, match=r"Shift-JIS \(cp932\) cannot read this text"):
        decode(b"\x81 ", "cp932")


def test_every_encoding_has_a_name_for_people():
    assert encoding_name("cp932") == "Shift-JIS (cp932)"
    assert encoding_names()["cp1252"] == "Western European (cp1252)"
