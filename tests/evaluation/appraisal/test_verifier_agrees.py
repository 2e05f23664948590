"""Server and stand-alone recount agree on random campaigns: same scores, ranks, ties, chosen, decisions."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluation.appraisal import manifest, scoring
from evaluation.appraisal.verify_tally import Recount, sha256


@st.composite
def weights(draw: st.DrawFn, number: int) -> list[int]:
    """Integers over 0 that sum to 10000."""
    cuts = sorted(draw(st.sets(st.integers(1, 9999), min_size=number - 1, max_size=number - 1)))
    return [b - a for a, b in zip([0, *cuts], [*cuts, 10000], strict=True)]


@st.composite
def contests(draw: st.DrawFn) -> list[dict[str, Any]]:
    found, turn = [], 0
    for number in range(draw(st.integers(1, 3))):
        classes = []
        for at in range(1, draw(st.integers(1, 2)) + 1):
            size = draw(st.integers(1, 5))
            codes = [{"code": f"c{turn + n}"} for n in range(size)]
            turn += size
            classes.append({"number": at, "name": f"类{at}", "seats": draw(st.integers(1, size)), "candidates": codes})
        found.append(
            {
                "code": f"k{number}",
                "award": f"奖{number}",
                "over_half": draw(st.booleans()),
                "tie_rule": draw(st.sampled_from(["runoff", "rates"])),
                "classes": classes,
            }
        )
    return found


@st.composite
def decisions(draw: st.DrawFn, codes: list[str]) -> list[dict[str, Any]]:
    """Merges and drops such as a record may hold: nothing is dropped twice or merged after it went."""
    if len(codes) < 3 or draw(st.booleans()):
        return []
    first, second, third = draw(st.permutations(codes))[:3]
    merge = {"kind": "merge", "category": first, "target": second, "by": "record"}
    drop = {"kind": "drop", "category": third, "target": None, "by": "record"}
    return draw(st.sampled_from([[merge], [drop], [merge, drop]]))


@st.composite
def campaigns(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A manifest and counts that fit it; few ballots, so that ties are common."""
    number = draw(st.integers(1, 5))
    categories = [
        {"code": f"g{at}", "name": f"类别{at}", "weight": weight, "tie_order": None, "merge_into": None, "roll": 0}
        for at, weight in enumerate(draw(weights(number)))
    ]
    for at, row in enumerate(draw(st.permutations(categories))[: draw(st.integers(0, number))], start=1):
        row["tie_order"] = at
    rules: dict[str, Any] = {
        "campaign": "abc",
        "categories": categories,
        "contests": draw(contests()),
        "recusals": {},
        "shortfall": "decide",
        "category_quorum": [1, 2],
        "category_minimum": 5,
    }
    every = [c["code"] for contest in rules["contests"] for each in contest["classes"] for c in each["candidates"]]
    withdrawn = sorted(draw(st.sets(st.sampled_from(every), max_size=1)))
    rows = [draw(category(row, rules, withdrawn)) for row in categories]
    counts = {
        "campaign": "abc",
        "categories": rows,
        "decisions": draw(decisions([row["code"] for row in categories])),
        "withdrawn": withdrawn,
    }
    return rules, counts


@st.composite
def category(draw: st.DrawFn, fixed: dict[str, Any], rules: dict[str, Any], withdrawn: list[str]) -> dict[str, Any]:
    valid, invalid = draw(st.integers(1, 6)), draw(st.integers(0, 2))
    fixed["roll"] = valid + invalid + draw(st.integers(0, 3))
    cells = {}
    for contest in rules["contests"]:
        for each in contest["classes"]:
            left = each["seats"] * valid
            for code in (c["code"] for c in each["candidates"]):
                recused = draw(st.integers(0, valid - 1))
                rules["recusals"].setdefault(code, {})[fixed["code"]] = recused
                approved = draw(st.integers(0, min(valid - recused, left)))
                left -= approved
                cells[code] = [approved, valid - recused]
    return {
        "code": fixed["code"],
        "roll": fixed["roll"],
        "voted": valid + invalid,
        "ballots": valid + invalid,
        "invalid": invalid,
        "candidates": {code: cell for code, cell in cells.items() if code not in withdrawn},
    }


def published(rules: dict[str, Any], counts: dict[str, Any]) -> dict[str, str]:
    """The files that the server would publish with the counts by category."""
    fixed = manifest.canonical(rules)
    number = sum(row["ballots"] for row in counts["categories"])
    codes = [f"{at:016}" for at in range(number)]
    last = sha256("\n".join(["", "1", *codes]))
    counts["manifest_sha256"] = sha256(fixed)
    result = scoring.result(rules, counts) | {
        "manifest_sha256": sha256(fixed),
        "counts_sha256": sha256(manifest.canonical(counts)),
        "codes_sha256": last,
        "ballots": number,
        "invalid": sum(row["invalid"] for row in counts["categories"]),
        "decisions": counts["decisions"],
        "withdrawn": counts["withdrawn"],
    }
    return {
        "manifest.json": fixed,
        "codes.txt": f"# 1 {last}\n" + "\n".join(codes) + "\n",
        "counts.json": manifest.canonical(counts),
        "result.json": manifest.canonical(result),
    }


def has_candidates(rules: dict[str, Any], counts: dict[str, Any]) -> bool:
    """Some category is left to count."""
    return bool(scoring.groups(rules, counts))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(campaigns())
def test_they_agree(campaign: tuple[dict[str, Any], dict[str, Any]]) -> None:
    rules, counts = campaign
    assert has_candidates(rules, counts)
    files = published(rules, counts)
    found = Recount(files, sha256(files["result.json"]))
    found.run()
    assert found.wrong == []


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(campaigns(), st.data())
def test_one_approval_more_or_less_is_found(
    campaign: tuple[dict[str, Any], dict[str, Any]], data: st.DataObject
) -> None:
    rules, counts = campaign
    files = published(rules, counts)
    row = data.draw(st.sampled_from(counts["categories"]))
    cells = [cell for cell in row["candidates"].values() if cell[0] > 0]
    if not cells:
        return
    data.draw(st.sampled_from(cells))[0] -= 1
    found = Recount({**files, "counts.json": manifest.canonical(counts)}, sha256(files["result.json"]))
    found.run()
    assert found.wrong[0] == "票数：票数文件与结果所记的摘要不符，内容被改动过。"
