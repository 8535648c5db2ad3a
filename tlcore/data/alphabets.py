"""How likely a text is in the languages that an encoding is used for, in bits: the fewer, the likelier.

It knows which letters languages are written with, and how common they are. It does not know bytes.

A wrong encoding shows in what no language does: two scripts in one word, a capital after a small letter, a symbol or a
box-drawing character between letters, Chinese characters that nobody uses.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache

# Letters beyond a to z, the most frequent first.
_LATIN = {
    "German": "üäöß", "French": "éèàêçôîùâûëïœÿæ", "Spanish": "óíáéñúü", "Portuguese": "ãçáéíóõêúâôàü",
    "Italian": "èàòùéìí", "Swedish": "äåöé", "Danish": "åøæé", "Finnish": "äöå", "Dutch": "éëïöüè",
    "Catalan": "éàóíèòçïúül·", "Icelandic": "áíéðóöæúþý", "Polish": "łęóąśżćńź", "Czech": "íáéžěýčřůšúťóďň",
    "Slovak": "áíéčžýšúťľôäňóďĺŕ", "Hungarian": "áéőöíóüúű", "Romanian": "ăîâșțşţ", "Croatian": "čšžćđ",
    "Turkish": "ıüşçğöİâî", "Estonian": "äõüöšž", "Lithuanian": "ėšųžįąčūę", "Latvian": "āīēšūņļžķģčō",
    "Vietnamese": "đàáạảãâấầậăắêếềệôốồộơớờợưứừựíìịóòọúùụéèẻýỳ",
}  # fmt: skip
_OTHERS = {
    "Russian": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё", "Ukrainian": "оанівитерслкдумпзяьбгчйхцжєїюшщфґ",
    "Bulgarian": "аиоентрсвлдкпмзгбячъущжцхфшйью", "Serbian": "аиоенрсјтукдвлмпгзбшћчцхжљњђфџ",
    "Greek": "αοιετσνηυρπκμλςωδγίάθχέόήφύβώξζψϊϋΰΐ", "Hebrew": "יוהלאתרשבמנםדקעפחגטסכזצךןףץ",
    "Arabic": "اليمنرتوبعدسهفحقكجةشصخطضغءثذزظأإىئؤآ", "Thai": "านรอกเงมยลวดทสตะปบคหแจพชขใไโผณศซถฟภฉธฝษฐญฎฏ่้ิี์ัุูื็",
}  # fmt: skip
_SIMPLIFIED = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成"
    "方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使"
    "情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老"
    "给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目"
    "太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王"
    "猫狗鸟鱼花草树木椅桌沙床车船飞机手机红绿蓝黄黑苹果香蕉橙葡萄好坏图片照类别测试训练验证正常缺陷裂纹划痕文件夹新建副本男女鞋衣裤帽包"
)
_TRADITIONAL = (
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成"
    "方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日軍者意無力它與長把機十民第公此已工使"
    "情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加西斯月話合回特代內信表化老"
    "給世位次度門任常先海通教兒原東聲提立及比員解水名真論處走義各入幾口認條平系氣題活爾更別打女變四神總何電數安少報才結反受目"
    "太量再感建務做接必場件計管期市直德資命山金指克許統區保至隊形社便空決治展馬科司五基眼書非則聽白卻界達光放強即像難且權思王"
    "貓狗鳥魚花草樹木椅桌沙床車船飛機手機紅綠藍黃黑蘋果香蕉橙葡萄好壞圖片照類別測試訓練驗證正常缺陷裂紋劃痕檔案夾新建副本男女鞋衣褲帽包"
)
_JAPANESE = (
    "日一国人年大十二本中長出三時行見月分後前生五間上東四今金九入学高円子外八六下来気小七山話女北午百書先名川千水半男西電校"
    "語土木聞食車何南万毎白天母火右読友左休父雨会同事自社発者地業方新場員立開手力問代明動京目通言理体田主題意不作用度強公持野"
    "以思家世多正安院心界教文元重近考画海売知道集別物使品計死特私始朝運終台広住無真有口少町料工建空急止送切転研足究楽起着店病"
    "質待試族銀早映親験英医仕去味写字答夜音注帰古歌買悪図週室歩風紙黒花春赤青館屋色走秋夏習駅洋旅服夕借曜飲肉貸堂鳥飯勉冬昼茶"
    "弟牛魚兄犬妹姉漢机猫椅良傷検査部品割欠陥写真画像類種鉄緑黄棚箱靴帽皿鍋鞄机本棚桜猿豚鶏馬羊熊虎象亀蛇蛙花草樹林森石岩星空"
)
_SYLLABLES = (
    "이다는의에을가고하지은기를리도사자어로인나서아대한시스수정전일해그라부보고주여오제장상있으들것과만구게면원유지세성"
    "생년동공중안경신화비국관소마차미개말물당계모음실적용영진적연방문조무선반식발우외드트르크레프테니버파토카치타바러린"
    "고양이강아지개새의자책상불량정상남자여자빨간파란노란초록검정흰색꽃나무자동차사과배곰말소돼지닭토끼호랑사진"
)
_HAN = {"gbk": _SIMPLIFIED, "gb18030": _SIMPLIFIED, "cp932": _JAPANESE, "euc_jp": _JAPANESE, "shift_jis": _JAPANESE,
        "big5": _TRADITIONAL, "cp950": _TRADITIONAL, "big5hkscs": _TRADITIONAL}  # fmt: skip
# The two-byte standards have the common characters in their first rows: the lead bytes of these.
_FIRST_LEVEL = {"gb2312": (0xB0, 0xD7), "big5": (0xA4, 0xC6), "cp932": (0x88, 0x98)}
_STANDARD = {"gbk": "gb2312", "gb18030": "gb2312", "cp932": "cp932", "euc_jp": "cp932", "shift_jis": "cp932",
             "big5": "big5", "cp950": "big5", "big5hkscs": "big5"}  # fmt: skip
_WEST, _CENTRE = "German French Spanish Portuguese Italian Swedish Danish Dutch Finnish Catalan", "Polish Czech Slovak"
_CYRILLIC, _BALTIC = "Russian Ukrainian Bulgarian Serbian", "Lithuanian Latvian Estonian"
_LANGUAGES = {
    "cp1252": f"{_WEST} Icelandic", "cp850": f"{_WEST} Icelandic", "cp437": _WEST, "mac_roman": _WEST,
    "iso8859_15": _WEST, "cp1250": f"{_CENTRE} Hungarian Romanian Croatian German",
    "cp852": f"{_CENTRE} Hungarian Romanian Croatian German", "iso8859_2": f"{_CENTRE} Hungarian Romanian Croatian",
    "cp1254": f"Turkish {_WEST}", "cp857": f"Turkish {_WEST}", "cp1257": _BALTIC, "cp775": _BALTIC,
    "cp1258": "Vietnamese", "cp1251": _CYRILLIC, "cp866": "Russian Bulgarian Ukrainian", "koi8_r": "Russian",
    "koi8_u": "Ukrainian", "cp1253": "Greek", "cp737": "Greek", "cp1255": "Hebrew", "cp862": "Hebrew",
    "cp1256": "Arabic", "cp720": "Arabic", "cp874": "Thai",
}  # fmt: skip
_PUNCTUATION = frozenset("’‘“”„–—…•·«»°§€£¿¡²³½¼©®™×ºª№、。・ー々「」『』（）【】，；：！？～《》 ")
_ASCII, _SYMBOL, _FOREIGN, _CONTROL, _BOX = 5.0, 10.0, 14.0, 25.0, 16.0
_LONG = 10.0


def bits(words: list[str], codec: str) -> float:
    """Rate words that an encoding gives, by the language that fits all of them best."""
    languages = _LANGUAGES.get(codec, "").split() or [""]
    return min(_bits(words, codec, language) + _rarity(language, languages) for language in languages)


def _rarity(language: str, languages: list[str]) -> float:
    return 0.5 * languages.index(language) if language else 0.0


def _bits(words: list[str], codec: str, language: str) -> float:
    rate = _rater(codec, language)
    total = 0.0
    for word in words:
        before, before_that = "", ""
        for letter in word:
            total += rate(letter) + _joint(before_that, before, letter)
            before_that, before = before, letter
        total += 0.0 if not before or before not in "כמנפצ" else 3.0
    return total


@cache
def _rater(codec: str, language: str) -> Callable[[str], float]:
    letters = _LATIN.get(language) or _OTHERS.get(language, "")
    first, step = (6.0, 0.35) if language in _LATIN else (3.3, 0.19)
    known = {letter: first + step * place for place, letter in enumerate(letters)}

    @cache
    def rate(letter: str) -> float:
        if letter in known:
            return known[letter]
        small = letter.lower()
        if small in known and letter != small:
            return known[small] + 1.5
        return _unlisted(letter, codec)

    return rate


def _unlisted(letter: str, codec: str) -> float:
    """Rate a character that is not of the language's own letters."""
    kind = script(letter)
    if kind == "ascii":
        return _ASCII if letter.isprintable() or letter in "\t\r\n" else _CONTROL
    if kind in {"kana", "han", "hangul"}:
        return _eastern(letter, kind, codec)
    if kind == "half kana":
        return 9.0 if codec in {"cp932", "euc_jp"} else _FOREIGN
    if kind in {"control", "private"}:
        return _CONTROL
    if kind == "box":
        return _BOX
    if kind == "symbol":
        return 7.0 if letter in _PUNCTUATION or unicodedata.east_asian_width(letter) == "F" else _SYMBOL
    return _FOREIGN


def _eastern(letter: str, kind: str, codec: str) -> float:
    if kind == "kana":
        return 6.0 if codec in {"cp932", "euc_jp"} else 13.0
    if kind == "hangul":
        return 17.0 if codec != "cp949" else 7.0 if letter in _SYLLABLES else 11.0 if _bytes(letter, "euc_kr") else 19.0
    if letter in _HAN.get(codec, ""):
        return 8.0
    standard = _STANDARD.get(codec, "")
    encoded = _bytes(letter, standard) if standard else b""
    if not encoded:
        return 19.0
    low, high = _FIRST_LEVEL[standard]
    return 11.5 if low <= encoded[0] <= high else 16.5


def _bytes(letter: str, codec: str) -> bytes:
    try:
        return letter.encode(codec)
    except UnicodeEncodeError:
        return b""


def _joint(before_that: str, before: str, letter: str) -> float:
    """Rate what stands side by side: what no word of any language does costs the most."""
    if not before:
        return 0.0
    ours, theirs = script(letter), script(before)
    letters = {"ascii", "symbol", "box", "control", "private"}
    if ours == theirs:
        if ours == "latin" or ours not in letters:
            return 7.0 if letter.isupper() and before.islower() else 0.0
        return 0.0
    if _is_letter(letter) and _is_letter(before):
        if ours in {"latin", "ascii"} and theirs in {"latin", "ascii"}:
            return 7.0 if letter.isupper() and before.islower() else 0.0
        if {ours, theirs} <= {"han", "kana"}:
            return 0.0
        return 4.0 if {ours, theirs} & {"han", "kana", "hangul"} else 9.0
    # A symbol between two letters, such as in "G„nse", or half of a character: 功 in Big5 ends with a backslash.
    inside = theirs in {"symbol", "box"} or before == "\\"
    if _is_letter(letter) and inside and before not in "’·、。・ー" and _is_letter(before_that):
        return 8.0
    return 0.0


def _is_letter(letter: str) -> bool:
    return bool(letter) and letter.isalpha()


_RANGES = (
    (0x00, 0x7F, "ascii"), (0x80, 0x9F, "control"), (0x0370, 0x03FF, "greek"), (0x0400, 0x052F, "cyrillic"),
    (0x0590, 0x05FF, "hebrew"), (0x0600, 0x06FF, "arabic"), (0x0E00, 0x0E7F, "thai"), (0x2500, 0x259F, "box"),
    (0x3040, 0x30FF, "kana"), (0x3400, 0x4DBF, "han"), (0x4E00, 0x9FFF, "han"), (0xAC00, 0xD7A3, "hangul"),
    (0xD800, 0xDFFF, "private"), (0xE000, 0xF8FF, "private"), (0xF900, 0xFAFF, "han"), (0xFF66, 0xFF9F, "half kana"),
    (0xFFFD, 0xFFFD, "private"), (0x20000, 0x3FFFF, "han"), (0xF0000, 0x10FFFF, "private"),
)  # fmt: skip


@cache
def script(letter: str) -> str:
    """The script of a character, or what it is instead of a letter."""
    code = ord(letter)
    for low, high, name in _RANGES:
        if low <= code <= high:
            return name
    category = unicodedata.category(letter)
    if category in {"Cn", "Co", "Cs"}:
        return "private"
    return "latin" if category[0] in "LM" else "symbol"
