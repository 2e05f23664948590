"""`manage.py recount`: the server's own recount of what it published."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from evaluation.appraisal import manifest, publishing
from tests.evaluation.appraisal import count_steps
from tests.evaluation.appraisal.votes import Vote

pytestmark = pytest.mark.django_db


def published(district: Any, cast: Any, folder: Path, **fields: Any) -> tuple[Vote, Path]:
    """A published vote and its files in a folder."""
    vote = count_steps.signed(count_steps.counted(district, cast, count_steps.CLEAR, **fields))
    count_steps.announced(vote, cast.officer)
    count_steps.noticed(vote, cast.officer)
    for each in publishing.files(vote.campaign):
        (folder / each.name).write_bytes(each.content)
    return vote, folder


def recount(*arguments: Any) -> str:
    told = StringIO()
    call_command("recount", *map(str, arguments), stdout=told)
    return told.getvalue()


def test_folder_and_zip(district: Any, cast: Any, tmp_path: Path) -> None:
    vote, folder = published(district, cast, tmp_path)
    digest = f"--result-sha256={publishing.result_sha256(count_steps.tally_of(vote))}"
    assert recount(folder, digest).splitlines()[-2:] == ["已用服务器的计分程序重算", "复核通过。"]
    packed = tmp_path / "recount.zip"
    packed.write_bytes(publishing.package(publishing.files(vote.campaign)))
    assert recount(packed, digest).splitlines()[-1] == "复核通过。"


def test_another_score_is_refused(district: Any, cast: Any, tmp_path: Path) -> None:
    _, folder = published(district, cast, tmp_path)
    result = json.loads((folder / "result.json").read_text())
    result["contests"][0]["classes"][0]["ranking"][0]["score"] = "89/1"
    (folder / "result.json").write_text(manifest.canonical(result))
    with pytest.raises(CommandError, match="得分：服务器的计分与公布的结果不同。"):
        recount(folder)


def test_withheld_counts_need_the_scrutineers_files(district: Any, cast: Any, tmp_path: Path) -> None:
    vote, folder = published(district, cast, tmp_path, detail_rule="never")
    assert "已用服务器的计分程序重算" not in recount(folder)
    tally = count_steps.tally_of(vote)
    (tmp_path / "held.json").write_text(tally.counts)
    (tmp_path / "salt.txt").write_text(tally.salt)
    told = recount(folder, f"--counts={tmp_path / 'held.json'}", f"--salt={tmp_path / 'salt.txt'}")
    assert told.splitlines()[-2:] == ["已用服务器的计分程序重算", "复核通过。"]


def test_counts_that_lie_beside_withheld_files_are_not_taken_for_them(district: Any, cast: Any, tmp_path: Path) -> None:
    vote, folder = published(district, cast, tmp_path, detail_rule="never")
    (folder / "counts.json").write_text(count_steps.tally_of(vote).counts)
    told = recount(folder)
    assert "分类别票数不公布，已核对其余各项；得分只有监票人用 --counts、--salt 才能重算" in told
    assert "已用服务器的计分程序重算" not in told


def test_what_is_no_such_file(tmp_path: Path) -> None:
    (tmp_path / "no.zip").write_text("no")
    with pytest.raises(CommandError, match="文件残缺，或不是公布的格式（BadZipFile"):
        recount(tmp_path / "no.zip")
    with pytest.raises(CommandError, match="文件残缺"):
        recount(tmp_path)
