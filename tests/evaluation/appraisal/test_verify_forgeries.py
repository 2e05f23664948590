"""The recount against a forger: every single value changed, parts of other votes, and packages made to mislead."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evaluation.appraisal import manifest, publishing
from evaluation.appraisal.locking import VERIFIER
from tests.evaluation.appraisal import count_steps, test_runoffs
from tests.evaluation.appraisal.test_verify_tally import (
    Files,
    changed,
    hidden,
    published_hash,
    ranking,
    run,
    vote,
    wrong,
)
from tests.evaluation.appraisal.votes import Vote

__all__ = ["hidden", "vote"]  # fixtures
pytestmark = pytest.mark.django_db


def leaves(value: Any, *path: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every value of a JSON text that is no container, or an empty one, and the way to it."""
    if value and isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(each, *path, key)
    else:
        yield path, value


def other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int) else f"{value or ''}1"


@pytest.mark.parametrize("mode", ["vote", "hidden"])
def test_no_value_of_any_file_can_be_another(request: pytest.FixtureRequest, mode: str) -> None:
    vote: Vote = request.getfixturevalue(mode)
    files, digest = count_steps.texts(vote), published_hash(vote)
    silent = []
    for name in sorted(files.keys() - {"codes.txt", "verify_tally.py"}):
        for path, value in leaves(json.loads(files[name])):

            def change(content: Any, path: Any = path, value: Any = value) -> None:
                for key in path[:-1]:
                    content = content[key]
                content[path[-1]] = other(value)

            try:
                found = wrong(changed(files, name, change), digest)
            except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
                continue  # the script says so: test_the_script_names_broken_files
            silent += [] if found else [(name, path)]
    assert silent == []


def test_codes_swapped_between_lots(vote: Vote) -> None:
    lots = [["A", "B"], ["C", "D"]]

    def listed(first: list[str], second: list[str]) -> str:
        heads, before = [], ""
        for number, lot in enumerate(lots, start=1):
            before = manifest.sha256("\n".join([before, str(number), *lot]))
            heads.append(f"# {number} {before}")
        return "\n".join([heads[0], *first, heads[1], *second, ""])

    rules = manifest.canonical({"categories": [{"weight": 10000}]})
    assert wrong({"manifest.json": rules, "codes.txt": listed(["A", "B"], ["C", "D"])}, "") == []
    words = [f"追踪号：第 {number} 批的链式摘要不符，有追踪号被增删或改动。" for number in (1, 2)]
    assert wrong({"manifest.json": rules, "codes.txt": listed(["A", "C"], ["B", "D"])}, "") == words
    # The Cyrillic А looks like the Latin one.
    assert wrong({"manifest.json": rules, "codes.txt": listed(["\u0410", "B"], ["C", "D"])}, "") == words[:1]


def test_an_award_or_a_class_that_the_rules_do_not_have(vote: Vote) -> None:
    """Without the published hash as well."""
    words = "结果：评选项目或类别与规则清单不符。"

    def renamed(result: Any) -> None:
        result["contests"][0]["award"] = "特等奖"

    def one_more(result: Any) -> None:
        result["contests"].append({**result["contests"][0], "code": "more"})

    for change in (renamed, one_more):
        assert wrong(changed(count_steps.texts(vote), "result.json", change), "") == [words]


def test_a_class_is_named_in_brackets_beside_its_award(vote: Vote) -> None:
    def named(content: Any) -> None:
        content["contests"][0]["classes"][0]["name"] = "街道"

    files = changed(changed(count_steps.texts(vote), "manifest.json", named), "result.json", named)
    found = wrong(changed(files, "result.json", lambda r: ranking(r).pop()), "")
    assert "名次：“十佳书记项目（街道）”的候选项目与规则清单、退出情况不符。" in found


def test_what_is_taken_away_is_missed(vote: Vote) -> None:
    files, digest = count_steps.texts(vote), published_hash(vote)
    assert wrong({name: files[name] for name in ("manifest.json", "codes.txt")}, digest) == [
        "结果：给出了公布的结果摘要，文件里却没有结果。"
    ]
    with pytest.raises(KeyError, match=r"counts\.json"):
        wrong({name: text for name, text in files.items() if name != "counts.json"}, digest)
    with pytest.raises(json.JSONDecodeError):
        wrong({**files, "counts.json": ""}, digest)


def test_a_run_off_and_its_vote_are_not_taken_for_each_other(district: Any, cast: Any, tmp_path: Path) -> None:
    (tmp_path / "verify_tally.py").write_bytes(VERIFIER.read_bytes())
    (folder := tmp_path / "files").mkdir()
    first = count_steps.signed(count_steps.counted(district, cast, each=5))
    second = test_runoffs.run(test_runoffs.again(first), [{"committee-1": [2]}])

    def published(given: Vote) -> Files:
        tally = count_steps.tally_of(given)
        codes = publishing.code_list(given.campaign)
        texts = (given.campaign.manifest, codes, tally.counts, tally.result)
        return dict(zip(("manifest.json", "codes.txt", "counts.json", "result.json"), texts, strict=True))

    packages = [published(first), published(second)]
    for own, another in (packages, packages[::-1]):
        digest = manifest.sha256(own["result.json"])
        assert wrong(own, digest) == []
        assert wrong({**own, "codes.txt": another["codes.txt"]}, digest) == [
            "追踪号：与计票时的末批摘要不符，有追踪号被改动。"
        ]
        for name, words in (
            ("manifest.json", "规则清单：与计票时的摘要不符，规则被改动过。"),
            ("counts.json", "票数：票数文件与结果所记的摘要不符，内容被改动过。"),
            ("result.json", "结果：与公布的摘要不符，内容被改动过。"),
        ):
            for each, text in {**own, name: another[name]}.items():
                (folder / each).write_text(text)
            code, told = run(folder, "--result-sha256", digest)
            assert (code, f"【不符】{words}" in told.splitlines()) == (1, True)


def packed(place: Path, members: list[tuple[str, str]]) -> Path:
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in members:
            made.writestr(zipfile.ZipInfo(name, publishing.ZIP_DATE), text, zipfile.ZIP_DEFLATED)
    return place


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_package_holds_each_file_once_and_nothing_else(vote: Vote, tmp_path: Path) -> None:
    """Of two members of one name one reader sees the first, another the last; nothing is ever unpacked."""
    (tmp_path / "verify_tally.py").write_bytes(VERIFIER.read_bytes())
    files = list(count_steps.texts(vote).items())
    forged = ("result.json", dict(files)["result.json"].replace("90.00", "80.00"))
    digest = published_hash(vote)
    for odd in (
        [*files, ("readme.txt", "x")],
        [*files, ("../result.json", "x")],
        [forged, *files],
        [(f"folder/{name}", text) for name, text in files],
        [(name.replace("result", "res\u0443lt"), text) for name, text in files],
    ):
        code, told = run(packed(tmp_path / "odd.zip", odd), "--result-sha256", digest)
        assert (code, "压缩包里有多出、重复或过大的文件" in told) == (1, True)
    assert run(packed(tmp_path / "good.zip", files), "--result-sha256", digest)[0] == 0


def test_damaged_packages_end_in_words(vote: Vote, tmp_path: Path) -> None:
    """A flipped bit, a password, a bomb, brackets without end: no traceback."""
    (tmp_path / "verify_tally.py").write_bytes(VERIFIER.read_bytes())
    files = count_steps.texts(vote)
    good = packed(tmp_path / "good.zip", list(files.items())).read_bytes()
    flipped, locked, bomb = bytearray(good), bytearray(good), bytearray(good)
    flipped[80] ^= 0xFF
    for mark, at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        locked[locked.find(mark) + at] |= 1
    bomb[(at := bomb.find(b"PK\x01\x02") + 24) : at + 4] = struct.pack("<I", 1 << 31)
    deep = packed(tmp_path / "deep.zip", list({**files, "result.json": "[" * 200_000}.items())).read_bytes()
    for damaged in (bytes(flipped), bytes(locked), bytes(bomb), deep):
        (tmp_path / "damaged.zip").write_bytes(damaged)
        code, told = run(tmp_path / "damaged.zip")
        assert (code, told.startswith("【不符】文件残缺，或不是公布的格式"), "Traceback" in told) == (1, True, False)
