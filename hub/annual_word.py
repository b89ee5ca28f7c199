"""The annual report as a Word document, in the chapters of the report of 2017: sentences to go on with, and all figures as a table. Pure.

Three parts of WordprocessingML (ECMA-376 part 1, §17) written as they are: of all that a library could do paragraphs, headings and one table are
wanted, and python-docx would bring lxml, five megabytes for each of 2,324 computers of which one makes this document. The same figures give the
same bytes.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Final
from xml.sax.saxutils import escape

from schemas.statistics import Line

WORD: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
CHAPTERS: Final = {
    "一(一)": "持续推进“两集中两到位”", "一(二)": "清理规范投资项目中介服务", "一(四)": "不断创新政务服务机制",
    "一(五)": "积极推动相对集中行政许可权改革试点工作", "一(六)": "全面完成村（社区）证明事项清理",
}  # fmt: skip
"""Of the figures' sections (annual_report.csv), as the report of 2017 calls them."""
PARAGRAPHS: Final = {
    "一(一)1": "规范行政审批行为", "一(一)3": "加强政务服务体系建设", "一(一)4": "扎实开展并联审批工作", "一(四)1": "完善电子政务大厅功能",
    "一(四)3": "完善政务服务运行各项制度",
}  # fmt: skip
COLUMNS: Final = ("章节", "指标", "数值", "分子", "分母", "口径")
WIDTHS: Final = (900, 2700, 1200, 1000, 1000, 2900)
"""Twentieths of a point."""

_W: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_KIND: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_TYPES: Final = (
    f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/word/document.xml" ContentType="{_KIND}.document.main+xml"/>'
    f'<Override PartName="/word/styles.xml" ContentType="{_KIND}.styles+xml"/></Types>'
)
_RELS: Final = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>'
)
_DOCUMENT_RELS: Final = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
)


def document(year: int, lines: Sequence[Line], at: datetime) -> bytes:
    """The report's file. at: until when the hub was read for it."""
    body = [
        _paragraph("遂宁市人民政府政务服务中心", "Title"),
        _paragraph(f"关于{year}年度法治政府建设工作情况的报告", "Title"),
        _paragraph("市政府：", indent=False),
        _paragraph(
            f"现将市政务服务中心{year}年政务服务工作情况报告如下。数据按市中心{at:%Y年%m月%d日%H时%M分}收到的办件汇总，分母为零的写作“—”。"
        ),
        _paragraph("一、主要工作", "Heading1"),
        *_chapters(lines),
        _paragraph("附表：各项数据及口径", "Heading1"),
        _table([COLUMNS, *map(_row, lines)]),
        _paragraph("遂宁市人民政府政务服务中心", "Signature"),
        _paragraph("　　年　　月　　日", "Signature"),
    ]
    page = '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="2098" w:right="1474" w:bottom="1984" w:left="1588" w:header="851" w:footer="992" w:gutter="0"/></w:sectPr>'
    text = f'{_HEAD}<w:document xmlns:w="{_W}"><w:body>{"".join(body)}{page}</w:body></w:document>'
    return _packed(
        {
            "[Content_Types].xml": _TYPES, "_rels/.rels": _RELS, "word/document.xml": text,
            "word/_rels/document.xml.rels": _DOCUMENT_RELS, "word/styles.xml": _styles(),
        }
    )  # fmt: skip


def _chapters(lines: Sequence[Line]) -> Iterable[str]:
    """A heading for each chapter, a paragraph of figures for each section."""
    for chapter, those in groupby(lines, lambda line: line.section[:4]):
        yield _paragraph(
            f"{chapter.removeprefix('一')}{CHAPTERS[chapter]}".replace("(", "（").replace(")", "）"),
            "Heading2",
        )
        for section, some in groupby(those, lambda line: line.section):
            title = f"{section[4:]}．{PARAGRAPHS[section]}。" if section in PARAGRAPHS else ""
            yield _paragraph(f"{title}{'，'.join(map(_clause, some))}。")


def _clause(line: Line) -> str:
    said = line.figure.as_dict()
    if said["denominator"] is None:
        return f"{line.name}{line.figure.text()}"
    return f"{line.name}{line.figure.text()}（{said['numerator']}/{said['denominator']}）"


def _row(line: Line) -> tuple[str, ...]:
    said = line.figure.as_dict()
    below = "—" if said["denominator"] is None else str(said["denominator"])
    return (line.section, line.name, line.figure.text(), str(said["numerator"]), below, str(said["base"]))


# -- words of WordprocessingML -----------------------------------------------------------------------------------------


def _paragraph(text: str, style: str = "", *, indent: bool = True) -> str:
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    first = '<w:ind w:firstLineChars="200" w:firstLine="640"/>' if indent and not style else ""
    return (
        f'<w:p><w:pPr>{named}{first}</w:pPr><w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'
    )


def _table(rows: Sequence[Sequence[str]]) -> str:
    sides = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="auto"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in WIDTHS)
    # The names of the columns come again on each page.
    every = [
        f"<w:tr>{'<w:trPr><w:tblHeader/></w:trPr>' if n == 0 else ''}{''.join(map(_cell, row, WIDTHS))}</w:tr>"
        for n, row in enumerate(rows)
    ]
    return f'<w:tbl><w:tblPr><w:tblBorders>{sides}</w:tblBorders><w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>{"".join(every)}</w:tbl>'


def _cell(text: str, width: int) -> str:
    return f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>{_paragraph(text, "Cell")}</w:tc>'


def _styles() -> str:
    """Sizes in half points, as the form of official documents has them (GB/T 9704): the text in size three, headings in black."""

    def style(name: str, font: str, size: int, more: str = "", bold: bool = False) -> str:
        fonts = f'<w:rFonts w:ascii="{font}" w:hAnsi="{font}" w:eastAsia="{font}"/>'
        return (
            f'<w:style w:type="paragraph" w:styleId="{name}"><w:name w:val="{name}"/><w:pPr>{more}</w:pPr>'
            f'<w:rPr>{fonts}{"<w:b/>" if bold else ""}<w:sz w:val="{size}"/></w:rPr></w:style>'
        )

    indent = '<w:ind w:firstLineChars="200" w:firstLine="640"/>'
    return (
        f'{_HEAD}<w:styles xmlns:w="{_W}"><w:docDefaults><w:rPrDefault><w:rPr>'
        '<w:rFonts w:ascii="仿宋" w:hAnsi="仿宋" w:eastAsia="仿宋"/><w:sz w:val="32"/></w:rPr></w:rPrDefault>'
        '<w:pPrDefault><w:pPr><w:spacing w:line="560" w:lineRule="exact"/></w:pPr></w:pPrDefault></w:docDefaults>'
        + '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>'
        + style(
            "Title",
            "方正小标宋简体",
            44,
            '<w:jc w:val="center"/><w:spacing w:line="700" w:lineRule="exact"/>',
        )
        + style("Heading1", "黑体", 32, f'<w:outlineLvl w:val="0"/>{indent}')
        + style("Heading2", "楷体", 32, f'<w:outlineLvl w:val="1"/>{indent}')
        + style("Cell", "仿宋", 21, '<w:spacing w:line="320" w:lineRule="exact"/>')
        + style("Signature", "仿宋", 32, '<w:jc w:val="right"/>')
        + "</w:styles>"
    )


def _packed(parts: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in parts.items():
            file.writestr(zipfile.ZipInfo(name), text.encode(), zipfile.ZIP_DEFLATED)
    return out.getvalue()
