#!/usr/bin/env python3
"""Stand-alone recount (复核) of a weighted secret vote from its published files, in exact fractions.
Every failure is named (exit code 1). Withheld counts need the scrutineers' two files. Python 3.8 alone is enough.

    python3 verify_tally.py FOLDER_OR_ZIP --result-sha256 HASH [--counts counts.json --salt salt.txt]"""

from __future__ import annotations

import argparse
import hashlib
import json
import zipfile
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

FULL, HALF = 10000, Fraction(1, 2)  # weights are integers of 0.01 point
FILES = ("manifest.json", "codes.txt", "result.json", "counts.json", "verify_tally.py")
WORDS = {"rank": "名次", "score": "得分", "points": "分数", "elected": "入选", "tied": "并列"}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def read(place: Path) -> dict[str, str]:
    """The texts of a folder, or of a package that holds each file once and nothing else."""
    packed = None if place.is_dir() else zipfile.ZipFile(place)
    names = packed.namelist() if packed else [name for name in FILES if (place / name).exists()]
    if sorted(names) != sorted({*names} & {*FILES}) or (packed and any(e.file_size >> 27 for e in packed.infolist())):
        raise ValueError("压缩包里有多出、重复或过大的文件")
    return {name: (packed.read(name) if packed else (place / name).read_bytes()).decode() for name in names}


class Recount:
    def __init__(self, files: dict[str, str], result_sha256: str = "", counts: str = "", salt: str = "") -> None:
        self.files, self.expected, self.given, self.salt = files, result_sha256.strip().lower(), counts, salt.strip()
        self.rules, self.digest = json.loads(files["manifest.json"]), sha256(files["manifest.json"])
        self.wrong: list[str] = []  # what is not right, and then what was checked, in Chinese
        self.told = [f"规则清单摘要：{self.digest}"]

    def check(self, holds: bool, words: str) -> None:
        self.wrong += [] if holds else [words]

    def run(self) -> None:
        files, total = self.files, sum(row["weight"] for row in self.rules["categories"])
        self.check(total == FULL, f"权重：各类合计 {total // 100}.{total % 100:02}，不是 100。")
        self.check_codes()
        if "result.json" not in files:
            self.check(not self.expected, "结果：给出了公布的结果摘要，文件里却没有结果。")
            self.told.append("文件里没有结果，只核对了规则清单和追踪号")
            return
        self.told += [] if self.expected else ["没有给出公布的结果摘要，只核对了各文件是否互相一致"]
        self.check(self.expected in ("", sha256(files["result.json"])), "结果：与公布的摘要不符，内容被改动过。")
        self.result = json.loads(files["result.json"])
        self.check_result()
        self.withheld = "commitment" in self.result
        text, salt = (self.given, f"{self.salt}\n") if self.withheld else (files["counts.json"], "")
        if self.withheld and not text:
            self.told.append("分类别票数不公布，已核对其余各项；得分只有监票人用 --counts、--salt 才能重算")
            return
        stated = self.result["commitment" if self.withheld else "counts_sha256"]
        self.check(sha256(salt + text) == stated, "票数：票数文件与结果所记的摘要不符，内容被改动过。")
        self.counts = json.loads(text)
        self.check_counts()
        self.compare()
        self.told.append("得分、名次、并列和入选项目已按票数逐项重算")

    def check_codes(self) -> None:
        """Lots are numbered and chained, and no code stands twice."""
        self.codes, self.last = [], ""
        head, *lots = self.files["codes.txt"].split("# ")
        self.check(not head, "追踪号：第一批之前多出内容。")
        for turn, lot in enumerate(lots, start=1):
            number, stated, *codes = lot.split()
            self.check(number == str(turn), f"追踪号：第 {turn} 批缺失，或批次不连续。")
            found = sha256("\n".join([self.last, number, *codes]))
            self.check(found == stated, f"追踪号：第 {number} 批的链式摘要不符，有追踪号被增删或改动。")
            self.last = stated
            self.codes += codes
        self.told.append(f"追踪号：{len(self.codes)} 个，已查重复和各批的链式摘要")
        self.wrong += [f"追踪号：{code} 出现 {times} 次。" for code, times in Counter(self.codes).items() if times > 1]

    def classes(self) -> Any:
        """Contest and class of the manifest, the same class in the result, and its name."""
        shown = {(c["code"], each["number"]): each for c in self.result["contests"] for each in c["classes"]}
        for contest in self.rules["contests"]:
            for each in contest["classes"]:
                name = f"{contest['award']}（{each['name']}）" if each["name"] else contest["award"]
                yield contest, each, shown[contest["code"], each["number"]], name

    def check_result(self) -> None:
        """What anybody can check of a result, with or without the counts."""
        result, roll = self.result, sum(row["roll"] for row in self.rules["categories"])
        self.check(result["manifest_sha256"] == self.digest, "规则清单：与计票时的摘要不符，规则被改动过。")
        self.check(result["codes_sha256"] == self.last, "追踪号：与计票时的末批摘要不符，有追踪号被改动。")
        good = len(self.codes) == result["ballots"] <= roll and 0 <= result["invalid"] <= result["ballots"]
        self.check(good, f"追踪号：{len(self.codes)} 个，票箱 {result['ballots']} 张，名册 {roll} 人，互相矛盾。")
        named = [[(c["award"], e["name"]) for c in f["contests"] for e in c["classes"]] for f in (result, self.rules)]
        self.check(named[0] == named[1], "结果：评选项目或类别与规则清单不符。")
        for _, each, shown, name in self.classes():
            rows, tie = shown["ranking"], shown["tie"] or {"seats": 0, "candidates": []}
            standing = sorted(c["code"] for c in each["candidates"] if c["code"] not in result["withdrawn"])
            good = sorted(r["candidate"] for r in rows) == standing
            self.check(good, f"名次：“{name}”的候选项目与规则清单、退出情况不符。")
            ranks, scores = [r["rank"] for r in rows], [int(r["points"].replace(".", "")) for r in rows]
            good = ranks == sorted(ranks) == [1 + sum(other < rank for other in ranks) for rank in ranks]
            self.check(good and scores == sorted(scores, reverse=True), f"名次：“{name}”的名次不连贯，或与分数不符。")
            chosen, tied = [r["elected"] for r in rows], [r["candidate"] for r in rows if r["tied"]]
            good = sum(chosen) + tie["seats"] + shown["unfilled"] == shown["seats"] == each["seats"]
            good = good and chosen == sorted(chosen, reverse=True) and tied == tie["candidates"]
            self.check(good, f"入选：“{name}”的名额、入选、并列和空缺合不上。")

    def check_counts(self) -> None:
        """The counts agree with the manifest, the roll, the box, the result's totals and themselves."""
        rules, counts, (part, whole), ruled = self.rules, self.counts, self.rules["category_quorum"], {}
        good = all(self.result[key] == sum(row[key] for row in counts["categories"]) for key in ("ballots", "invalid"))
        good = good and all(self.result[key] == counts[key] for key in ("decisions", "withdrawn", "manifest_sha256"))
        self.check(good, "票数：合计、退出、规则清单或人数不足的决定与结果所记的不符。")
        for at, fixed in enumerate(rules["categories"]):
            row, name = counts["categories"][at], fixed["name"]
            voted, valid, roll = row["voted"], row["ballots"] - row["invalid"], row["roll"]
            good = row["code"] == fixed["code"] and fixed["roll"] == roll >= voted == row["ballots"] >= valid >= 0
            self.check(good, f"票数：“{name}”的名册、投票、票箱和无效票互相矛盾。")
            few = not valid or voted < min(rules["category_minimum"], roll) or voted * whole < roll * part
            if few and rules["shortfall"] == "merge" and fixed["merge_into"]:
                ruled[fixed["code"]] = fixed["merge_into"]
            for code, (approved, base) in row["candidates"].items():
                least = valid - rules["recusals"].get(code, {}).get(fixed["code"], 0)
                self.check(least <= base <= valid, f"计票基数：“{name}”对 {code} 为 {base}，有效票 {valid}，不符。")
                self.check(0 <= approved <= base, f"票数：“{name}”给 {code} 的赞成票 {approved} 超过基数 {base}。")
            for _, each, _, title in self.classes():
                own = sum(row["candidates"].get(c["code"], [0])[0] for c in each["candidates"])
                self.check(own <= each["seats"] * valid, f"票数：“{name}”在“{title}”的赞成票多于名额所允许的。")
        by_rule = {d["category"]: d["target"] for d in counts["decisions"] if d["by"] == "rule"}
        self.check(by_rule == ruled, "决定：按规则并入的类别与投票人数、规则清单不符。")

    def groups(self) -> list[tuple[set[str], int]]:
        """Categories that count as one and their weight, after the decisions; what is dropped goes to None."""
        weights: dict[Any, int] = {None: 0, **{row["code"]: row["weight"] for row in self.rules["categories"]}}
        home: dict[Any, Any] = {code: code for code in weights}
        for decision in self.counts["decisions"]:
            source, target = home[decision["category"]], home[decision["target"]]
            if source != target:
                weights[target] += weights.pop(source)
                home = {code: target if at == source else at for code, at in home.items()}
        return [({c for c, at in home.items() if at == kept}, w) for kept, w in weights.items() if kept]

    def keys(self, contest: Any, each: Any) -> dict[str, Any]:
        """By candidate of a class what is compared: the score, then the rates that break a tie."""
        cells, groups, keys = {c["code"]: c["candidates"] for c in self.counts["categories"]}, self.groups(), {}
        order = sorted((c["tie_order"], c["code"]) for c in self.rules["categories"] if c["tie_order"])
        for code in (c["code"] for c in each["candidates"] if c["code"] not in self.counts["withdrawn"]):
            sums = [(g, weight, *(sum(cells[c][code][at] for c in g) for at in (0, 1))) for g, weight in groups]
            rates = [(g, weight, Fraction(approved, base)) for g, weight, approved, base in sums if base]
            score = 100 * sum(weight * rate for _, weight, rate in rates) / sum(weight for _, weight, _ in rates)
            ties = [next((rate for codes, _, rate in rates if first in codes), Fraction(0)) for _, first in order]
            keys[code] = (score, *(ties if contest["tie_rule"] == "rates" else []))
        return keys

    def compare(self) -> None:  # the result says what the counts give
        for contest, each, shown, name in self.classes():
            keys, listed = self.keys(contest, each), {row["candidate"]: row for row in shown["ranking"]}
            fit = sorted((key for key in keys.values() if not contest["over_half"] or key[0] > 50), reverse=True)
            cut, after = [*fit[each["seats"] - 1 :], None, None][:2]
            for code, key in keys.items():
                right: dict[str, Any] = {"rank": 1 + sum(other > key for other in keys.values())}
                cents = (100 * key[0] + HALF) // 1
                right["points"] = str((key[0] + HALF) // 1) if self.withheld else f"{cents // 100}.{cents % 100:02}"
                right["elected"] = key in fit and (cut is None or key > cut or key == cut != after)
                right["tied"] = key == cut == after
                right.update({} if self.withheld else {"score": f"{key[0].numerator}/{key[0].denominator}"})
                for word, value in right.items():
                    found = listed.get(code, {}).get(word)
                    self.check(found == value, f"{WORDS[word]}：“{name}”候选 {code} 应为 {value}，公布为 {found}。")


def main() -> int:
    parser = argparse.ArgumentParser(description="复核年度综合票决的结果")
    parser.add_argument("place", type=Path, help="下载的文件夹或 recount-….zip")
    for name, words in {"result-sha256": "公布的摘要", "counts": "监票人的票数文件", "salt": "监票人的盐值"}.items():
        parser.add_argument(f"--{name}", default="", help=words)
    asked = parser.parse_args()
    wrong: list[str] = []
    try:
        counts, salt = (Path(each).read_bytes().decode() if each else "" for each in (asked.counts, asked.salt))
        found = Recount(read(asked.place), asked.result_sha256, counts, salt)
        found.wrong = wrong
        found.run()
        print(*found.told, sep="\n")
    except Exception as error:
        wrong.append(f"文件残缺，或不是公布的格式（{type(error).__name__}: {error}）。")
    print(*(f"【不符】{each}" for each in wrong), "复核未通过。" if wrong else "复核通过。", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
