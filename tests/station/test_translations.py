"""The English pages: each Chinese text of the sources is translated, keeps its placeholders and is compiled."""

from __future__ import annotations

import io
import re
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent.parent
ENGLISH = ROOT / "station" / "translations" / "en" / "LC_MESSAGES"
CHINESE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")


@cache
def in_sources() -> frozenset[str]:
    """The texts that `make translations` collects."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(ROOT, methods, options, keywords={**DEFAULT_KEYWORDS, "N_": None})
    return frozenset(
        text for _, _, texts, _, _ in found for text in ([texts] if isinstance(texts, str) else texts)
    )


@cache
def written() -> Catalog:
    with (ENGLISH / "messages.po").open("rb") as file:
        return read_po(file, locale="en")


def pairs(catalog: Catalog) -> dict[str, str]:
    """Chinese to English, without the header and what a reader would not get to see."""
    return {each.id: each.string for each in catalog if each.id and each.string and not each.fuzzy}


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)[a-z]|\{\w*\}", text))


def test_texts_are_collected_from_code_and_templates_of_each_package() -> None:
    assert {
        "已受理",
        "工号或密码不对，请重新输入",
        "今日工作",
        "审批队列",
        "本件不属于您的辖区",
    } <= in_sources()


def test_each_text_has_its_english() -> None:
    assert sorted(in_sources() - pairs(written()).keys()) == []


def test_placeholders_are_the_same_in_both() -> None:
    wrong = {zh: en for zh, en in pairs(written()).items() if placeholders(zh) != placeholders(en)}
    assert wrong == {}


def test_the_compiled_catalogue_says_what_the_written_one_says() -> None:
    compiled = io.BytesIO()
    write_mo(compiled, written())
    compiled.seek(0)
    with (ENGLISH / "messages.mo").open("rb") as file:
        assert pairs(read_mo(file)) == pairs(read_mo(compiled))


def test_english_holds_no_chinese_character() -> None:
    assert {zh: en for zh, en in pairs(written()).items() if CHINESE.search(en)} == {}
