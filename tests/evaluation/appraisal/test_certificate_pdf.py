"""The certificate as PDF: one sheet whatever the texts, everything on it, and nothing typed becomes markup."""

from __future__ import annotations

import re
import subprocess
from datetime import date

import pytest

from common.errors import ActionError
from common.pdf import NO_FONT
from evaluation.appraisal import certificates
from evaluation.appraisal.certificate_pdf import _lines, render
from evaluation.appraisal.models import CertificateTemplate
from tests.common.papers import pdf_pages, squeezed

BODY = "雨花街道翠竹园社区党委：\n　　你单位“红色物业”在2026年度书记项目评选中，被评为“为民先锋项目”。特发此证。"
CODE = "7KQ2M9XD4TRAX"
NASTY = '#import "x": * =HYPERLINK("x") *_$\\ `raw` <label> @ref []'


def made(tmp_path, body=BODY, strong=("为民先锋项目",), **template):
    content = render(
        CertificateTemplate(**template),
        body=body,
        strong=strong,
        number="YHT-2026-DG-001",
        code=CODE,
        verify_url=f"https://example.invalid/verify/{CODE}/",
        day=date(2026, 12, 28),
    )
    path = tmp_path / "证书.pdf"
    path.write_bytes(content)
    return path


def told(path) -> dict[str, str]:
    done = subprocess.run(["pdfinfo", path], capture_output=True, check=True)
    return {key: value.strip() for key, _, value in (line.partition(":") for line in done.stdout.decode().splitlines())}


@pytest.mark.parametrize("landscape", [True, False])
def test_everything_stands_on_one_sheet(tmp_path, landscape):
    path = made(tmp_path, landscape=landscape)
    (page,) = pdf_pages(path)
    found = squeezed(page)
    for text in (
        "荣誉证书",
        squeezed(BODY),
        *("证书编号：YHT-2026-DG-001", "验证码：7KQ2-M9XD-4TRA-X", "扫描二维码可核验证书真伪"),
        *("中共雨花台区委组织部", "2026年12月28日"),
    ):
        assert text in found
    size = "841.89 x 595.276 pts (A4)" if landscape else "595.276 x 841.89 pts (A4)"
    assert (told(path)["Page size"], told(path)["Title"]) == (size, "荣誉证书 YHT-2026-DG-001")


@pytest.mark.parametrize("landscape", [True, False])
def test_the_longest_text_still_fits(tmp_path, landscape):
    body = "某" * 120 + "：\n　　" + "正文，" * 92
    (page,) = pdf_pages(made(tmp_path, body=body, heading="荣" * 20, issuer="署" * 60, landscape=landscape))
    found = squeezed(page)
    assert (found.count("某"), found.count("正文，")) == (120, 92)
    assert (found.count("荣"), found.count("署")) == (20, 60)


@pytest.mark.parametrize("landscape", [True, False])
@pytest.mark.parametrize(
    "body",
    [
        "某" * 120 + "：\n" + "正文，" * 92 + "奖" * 60,
        "W" * 120 + "：\n　　" + "x" * 120,
        "\n".join(["正文" * 50, *["正文"] * (certificates.LINES_LIMIT - 1)]),
    ],
)
def test_nothing_runs_off_the_sheet_or_into_the_signature(tmp_path, body, landscape):
    words = boxes(made(tmp_path, body=body, issuer="署" * 60, landscape=landscape))
    width, height = (841, 595) if landscape else (595, 841)
    signed = [box for box in words if "署" in box[0]]
    said = [box for box in words if set(box[0]) & set("某正奖Wx")]
    assert (sum(box[0].count("署") for box in signed), len(said) > 0) == (60, True)
    assert [box for box in words if box[1] < 30 or box[3] > width - 30 or box[2] < 30 or box[4] > height - 30] == []
    assert max(box[4] for box in said) < min(box[2] for box in signed)


def boxes(path) -> list[tuple[str, float, float, float, float]]:
    """Each word of the sheet with its left, top, right and bottom in points."""
    done = subprocess.run(["pdftotext", "-bbox", path, "-"], capture_output=True, check=True)
    found = re.findall(
        r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)</word>', done.stdout.decode()
    )
    return [(text, *(float(value) for value in box)) for *box, text in found]  # type: ignore[misc]


def test_what_was_typed_is_no_markup(tmp_path):
    (page,) = pdf_pages(made(tmp_path, body=NASTY, strong=(NASTY[:5], "("), heading="#证书*"))
    assert squeezed(NASTY) in squeezed(page)
    assert "#证书*" in squeezed(page)


def test_a_title_that_begins_with_a_quotation_stands_out_whole():
    _, said = _lines("某单位：\n　　你单位““红色”物业”获“先锋”", ["“红色”物业", "先锋"])
    assert said == {
        "indented": True,
        "parts": [
            {"text": "你单位“", "strong": False},
            {"text": "‘红色’物业", "strong": True},
            {"text": "”获“", "strong": False},
            {"text": "先锋", "strong": True},
            {"text": "”", "strong": False},
        ],
    }


def test_the_same_certificate_is_the_same_bytes(tmp_path, settings):
    settings.TODAY = "2026-12-28"
    first = made(tmp_path).read_bytes()
    assert made(tmp_path).read_bytes() == first
    assert made(tmp_path, strong=()).read_bytes() != first


def test_without_a_chinese_font_it_says_so(tmp_path, settings):
    settings.SYSTEM_FONTS, settings.FONT_FOLDER = False, tmp_path / "fonts"
    with pytest.raises(ActionError, match="没有中文字体") as refused:
        made(tmp_path)
    assert refused.value.message == NO_FONT
