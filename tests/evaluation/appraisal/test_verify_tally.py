"""The stand-alone recount against each single tampering, in both modes; and against broken files."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evaluation.appraisal import manifest, publishing
from evaluation.appraisal.locking import VERIFIER
from evaluation.appraisal.verify_tally import Recount
from tests.evaluation.appraisal import count_steps, votes
from tests.evaluation.appraisal.votes import Vote

pytestmark = pytest.mark.django_db
Files = dict[str, str]
Change = Callable[[Any], None]
CHANGED_RESULT = "结果：与公布的摘要不符，内容被改动过。"
CHANGED_COUNTS = "票数：票数文件与结果所记的摘要不符，内容被改动过。"
CHANGED_RULES = "规则清单：与计票时的摘要不符，规则被改动过。"


@pytest.fixture
def vote(district: Any, cast: Any) -> Vote:
    """Published with the counts by category."""
    found = count_steps.signed(count_steps.counted(district, cast, count_steps.CLEAR))
    count_steps.announced(found, cast.officer)
    return count_steps.noticed(found, cast.officer)


@pytest.fixture
def hidden(district: Any, cast: Any) -> Vote:
    """Published without them."""
    found = count_steps.signed(count_steps.counted(district, cast, count_steps.CLEAR, detail_rule="never"))
    count_steps.announced(found, cast.officer)
    return count_steps.noticed(found, cast.officer)


def wrong(files: Files, digest: str, counts: str = "", salt: str = "") -> list[str]:
    found = Recount(files, digest, counts, salt)
    found.run()
    return found.wrong


def published_hash(vote: Vote) -> str:
    return publishing.result_sha256(count_steps.tally_of(vote))


def changed(files: Files, name: str, change: Change) -> Files:
    """The files with the JSON of one of them changed."""
    content = json.loads(files[name])
    change(content)
    return {**files, name: manifest.canonical(content)}


def first_cell(counts: Any) -> list[int]:
    cell: list[int] = next(iter(counts["categories"][0]["candidates"].values()))
    return cell


def ranking(result: Any) -> Any:
    return result["contests"][0]["classes"][0]["ranking"]


def swap(result: Any) -> None:
    """The second and the third of the first ranking change places."""
    rows = ranking(result)
    rows[1]["candidate"], rows[2]["candidate"] = rows[2]["candidate"], rows[1]["candidate"]


def test_what_is_published_is_right(vote: Vote) -> None:
    files = count_steps.texts(vote)
    assert sorted(files) == ["codes.txt", "counts.json", "manifest.json", "result.json", "verify_tally.py"]
    found = Recount(files, published_hash(vote))
    found.run()
    assert (found.wrong, found.told) == (
        [],
        [
            f"规则清单摘要：{vote.campaign.manifest_sha256}",
            "追踪号：60 个，已查重复和各批的链式摘要",
            "得分、名次、并列和入选项目已按票数逐项重算",
        ],
    )


def test_an_altered_count(vote: Vote) -> None:
    code = vote.codes("committee-1")[0]

    def less(counts: Any) -> None:
        counts["categories"][0]["candidates"][code][0] -= 1

    # 9 of 10 in every category are 90 points; one approval less of the experts, who weigh 30, takes three.
    assert wrong(changed(count_steps.texts(vote), "counts.json", less), published_hash(vote)) == [
        CHANGED_COUNTS,
        f"分数：“十佳书记项目”候选 {code} 应为 87.00，公布为 90.00。",
        f"得分：“十佳书记项目”候选 {code} 应为 87/1，公布为 90/1。",
    ]


def test_an_altered_denominator(vote: Vote) -> None:
    def fewer(counts: Any) -> None:
        first_cell(counts)[1] -= 1

    code = next(iter(json.loads(count_steps.tally_of(vote).counts)["categories"][0]["candidates"]))
    found = wrong(changed(count_steps.texts(vote), "counts.json", fewer), published_hash(vote))
    assert f"计票基数：“党建专家”对 {code} 为 9，有效票 10，不符。" in found


def test_more_approvals_than_ballots_or_seats(vote: Vote) -> None:
    def many(counts: Any) -> None:
        first_cell(counts)[0] = 11

    found = wrong(changed(count_steps.texts(vote), "counts.json", many), published_hash(vote))
    assert any(line.startswith("票数：“党建专家”给 ") and "赞成票 11 超过基数 10" in line for line in found)

    def all_of_all(counts: Any) -> None:
        for cell in counts["categories"][0]["candidates"].values():
            cell[0] = 10

    found = wrong(changed(count_steps.texts(vote), "counts.json", all_of_all), published_hash(vote))
    assert "票数：“党建专家”在“十佳书记项目”的赞成票多于名额所允许的。" in found


def test_an_altered_weight(vote: Vote) -> None:
    def heavier(rules: Any) -> None:
        rules["categories"][0]["weight"] += 1

    found = wrong(changed(count_steps.texts(vote), "manifest.json", heavier), published_hash(vote))
    assert found[:2] == ["权重：各类合计 100.01，不是 100。", CHANGED_RULES]

    def moved(rules: Any) -> None:
        rules["categories"][0]["weight"] += 100
        rules["categories"][1]["weight"] -= 100

    found = wrong(changed(count_steps.texts(vote), "manifest.json", moved), published_hash(vote))
    assert found == [CHANGED_RULES]


@pytest.mark.parametrize("mode", ["vote", "hidden"])
def test_codes_removed_added_doubled(request: pytest.FixtureRequest, mode: str) -> None:
    vote: Vote = request.getfixturevalue(mode)
    files, digest = count_steps.texts(vote), published_hash(vote)
    lines = files["codes.txt"].splitlines()

    def codes(*changed_lines: str) -> list[str]:
        return wrong({**files, "codes.txt": "\n".join(changed_lines) + "\n"}, digest)

    broken = "追踪号：第 1 批的链式摘要不符，有追踪号被增删或改动。"
    number = "追踪号：{} 个，票箱 60 张，名册 60 人，互相矛盾。"
    assert codes(lines[0], *lines[2:]) == [broken, number.format(59)]
    assert codes(lines[0], "0" * 16, *lines[1:]) == [broken, number.format(61)]
    assert codes(lines[0], lines[1], *lines[1:]) == [broken, f"追踪号：{lines[1]} 出现 2 次。", number.format(61)]
    # One exchanged for another, with every hash made anew: only the result's own hash still speaks.
    other = ["0" * 16, *lines[2:]]
    head = f"# 1 {manifest.sha256(chr(10).join(['', '1', *other]))}"
    assert codes(head, *other) == ["追踪号：与计票时的末批摘要不符，有追踪号被改动。"]
    assert codes("extra", *lines)[0] == "追踪号：第一批之前多出内容。"


def test_a_missing_lot_is_named() -> None:
    first = f"# 1 {manifest.sha256(chr(10).join(['', '1', 'A', 'B']))}\nA\nB\n"
    second = f"# 2 {manifest.sha256(chr(10).join([first.split()[2], '2', 'C']))}\nC\n"
    rules = manifest.canonical({"categories": [{"weight": 10000}]})
    assert wrong({"manifest.json": rules, "codes.txt": first + second}, "") == []
    assert wrong({"manifest.json": rules, "codes.txt": second}, "") == [
        "追踪号：第 1 批缺失，或批次不连续。",
        "追踪号：第 2 批的链式摘要不符，有追踪号被增删或改动。",
    ]


@pytest.mark.parametrize("mode", ["vote", "hidden"])
def test_a_changed_ranking(request: pytest.FixtureRequest, mode: str) -> None:
    vote: Vote = request.getfixturevalue(mode)
    found = wrong(changed(count_steps.texts(vote), "result.json", swap), published_hash(vote))
    assert found[0] == CHANGED_RESULT
    if mode == "vote":
        first = ranking(count_steps.shown(vote))[1]["candidate"]
        assert f"名次：“十佳书记项目”候选 {first} 应为 2，公布为 3。" in found

    def lower(result: Any) -> None:
        rows = ranking(result)
        rows[0]["elected"], rows[2]["elected"] = False, True

    found = wrong(changed(count_steps.texts(vote), "result.json", lower), published_hash(vote))
    assert found[0] == CHANGED_RESULT
    assert "入选：“十佳书记项目”的名额、入选、并列和空缺合不上。" in found

    def unordered(result: Any) -> None:
        ranking(result)[0]["rank"] = 3

    found = wrong(changed(count_steps.texts(vote), "result.json", unordered), published_hash(vote))
    assert "名次：“十佳书记项目”的名次不连贯，或与分数不符。" in found


@pytest.mark.parametrize("mode", ["vote", "hidden"])
def test_a_candidate_left_out(request: pytest.FixtureRequest, mode: str) -> None:
    vote: Vote = request.getfixturevalue(mode)
    found = wrong(changed(count_steps.texts(vote), "result.json", lambda r: ranking(r).pop()), published_hash(vote))
    assert "名次：“十佳书记项目”的候选项目与规则清单、退出情况不符。" in found


def test_the_withheld_result_says_no_more_than_it_may(hidden: Vote) -> None:
    files = count_steps.texts(hidden)
    assert sorted(files) == ["codes.txt", "manifest.json", "result.json", "verify_tally.py"]
    result, tally = json.loads(files["result.json"]), count_steps.tally_of(hidden)
    assert result["commitment"] == tally.commitment
    assert "counts_sha256" not in result
    assert {key for each in ranking(result) for key in each} == {"candidate", "rank", "points", "elected", "tied"}
    assert [row["points"] for row in ranking(result)] == ["90", "50", "30", "20"]
    for secret in (tally.counts_sha256, tally.result_sha256, tally.salt):
        assert not any(secret in text for text in files.values())
    found = Recount(files, published_hash(hidden))
    found.run()
    assert (found.wrong, found.told[2:]) == (
        [],
        ["分类别票数不公布，已核对其余各项；得分只有监票人用 --counts、--salt 才能重算"],
    )


def test_scrutineers_recount_what_is_withheld(hidden: Vote) -> None:
    files, tally, digest = count_steps.texts(hidden), count_steps.tally_of(hidden), published_hash(hidden)
    found = Recount(files, digest, tally.counts, tally.salt + "\n")
    found.run()
    assert (found.wrong, found.told[2:]) == ([], ["得分、名次、并列和入选项目已按票数逐项重算"])
    counts = json.loads(tally.counts)
    code = hidden.codes("committee-1")[0]
    counts["categories"][0]["candidates"][code][0] -= 1
    assert wrong(files, digest, manifest.canonical(counts), tally.salt) == [
        CHANGED_COUNTS,
        f"分数：“十佳书记项目”候选 {code} 应为 87，公布为 90。",
    ]
    assert wrong(files, digest, tally.counts, "0" * 64) == [CHANGED_COUNTS]
    rows = count_steps.shown(hidden)["contests"][0]["classes"][0]["ranking"]
    swapped = wrong(changed(files, "result.json", swap), digest, tally.counts, tally.salt)
    assert f"名次：“十佳书记项目”候选 {rows[1]['candidate']} 应为 2，公布为 3。" in swapped


def test_before_the_result_rules_and_codes_are_checked(district: Any, cast: Any) -> None:
    vote = votes.close(count_steps.voted(district, cast, count_steps.CLEAR))
    count_steps.announced(vote, cast.officer)
    found = Recount(count_steps.texts(vote))
    found.run()
    assert (found.wrong, found.told[-1]) == ([], "文件里没有结果，只核对了规则清单和追踪号")


def run(place: Path, *options: str) -> tuple[int, str]:
    """The script as anybody runs it: outside the project, with nothing but Python."""
    command = [sys.executable, "-I", str(place.parent / "verify_tally.py"), str(place), *options]
    done = subprocess.run(command, capture_output=True, text=True, cwd=place.parent, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_script_reads_folder_and_zip(vote: Vote, tmp_path: Path) -> None:
    (tmp_path / "verify_tally.py").write_bytes(VERIFIER.read_bytes())
    folder, packed = tmp_path / "files", tmp_path / publishing.package_name(vote.campaign)
    folder.mkdir()
    for each in publishing.files(vote.campaign):
        (folder / each.name).write_bytes(each.content)
    packed.write_bytes(publishing.package(publishing.files(vote.campaign)))
    digest = published_hash(vote)
    for place in (folder, packed):
        code, told = run(place, "--result-sha256", digest)
        assert (code, told.splitlines()[-1]) == (0, "复核通过。")
    code, told = run(packed, "--result-sha256", "0" * 64)
    assert (code, told.splitlines()[-2:]) == (1, [f"【不符】{CHANGED_RESULT}", "复核未通过。"])
    code, told = run(packed)
    assert (code, "没有给出公布的结果摘要，只核对了各文件是否互相一致" in told) == (0, True)


def test_the_script_names_broken_files(vote: Vote, tmp_path: Path) -> None:
    (tmp_path / "verify_tally.py").write_bytes(VERIFIER.read_bytes())
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"not a zip")
    assert run(broken)[0] == 1
    with zipfile.ZipFile(broken, "w") as packed:
        packed.writestr("manifest.json", "{}")
    code, told = run(broken)
    assert (code, told.startswith("【不符】文件残缺，或不是公布的格式")) == (1, True)


def test_it_is_short_and_needs_the_standard_library_only() -> None:
    lines = VERIFIER.read_text(encoding="utf-8").splitlines()
    assert len(lines) < 200
    modules = {line.split()[1].split(".")[0] for line in lines if line.startswith(("import ", "from "))}
    assert modules <= set(sys.stdlib_module_names)


def test_the_same_files_make_the_same_zip(vote: Vote) -> None:
    files = publishing.files(vote.campaign)
    assert publishing.package(files) == publishing.package(publishing.files(vote.campaign))
