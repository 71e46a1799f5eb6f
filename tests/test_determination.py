"""Determination: the rule itself on small systems, an oracle that restates it, and shuffled scenarios."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonne.determine import Determiner, Pattern
from tonne.scenario import Evaluated, evaluate

System = dict[str, list[frozenset[str]]]


def determine(alternatives: dict[str, list[str]], given: str) -> tuple[dict[str, int], tuple[str, ...]]:
    """`{"a": ["b c", "d"]}`: a follows from b and c, or from d."""
    system = {f: [frozenset(a.split()) for a in ways] for f, ways in alternatives.items()}
    found = Determiner(system).determine(Pattern(frozenset(given.split())))
    return dict(found.chosen), found.undetermined


ENERGY = {
    "it": ["energy pue", "power time"],
    "power": ["it time", "typical"],
    "time": ["it power"],
    "pue": ["energy it"],
    "energy": ["it pue", "co2e ci"],
    "ci": ["co2e energy"],
    "co2e": ["energy ci"],
    "typical": [],
}


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        ("power time pue", {"it": 1, "energy": 0}),
        ("energy pue", {"it": 0}),
        ("energy power time", {"it": 1, "pue": 0}),
        ("co2e ci pue typical", {"it": 0, "energy": 1, "power": 1, "time": 0}),
        ("energy pue time typical", {"it": 0, "power": 0}),
        ("", {}),
    ],
)
def test_energy_and_its_kin(given: str, chosen: dict[str, int]) -> None:
    got, undetermined = determine(ENERGY, given)
    assert got == chosen
    assert set(undetermined) == set(ENERGY) - set(got) - set(given.split())


def test_a_field_never_rests_on_itself() -> None:
    # a's first way needs b, and b can be had only from a
    assert determine({"a": ["b", "x"], "b": ["a"]}, "x")[0] == {"a": 1, "b": 0}


def test_a_ring_is_decided_by_the_field_declared_first() -> None:
    # each would take the other; a, declared first, takes its first way that is ready
    assert determine({"a": ["b", "x"], "b": ["a", "y"]}, "x y")[0] == {"a": 1, "b": 0}
    assert determine({"b": ["a", "y"], "a": ["b", "x"]}, "x y")[0] == {"b": 1, "a": 0}


def test_the_number_of_steps_decides_nothing() -> None:
    # the long way is declared first, so it is taken
    assert determine({"a": ["d", "x"], "b": ["y"], "c": ["b"], "d": ["c"]}, "x y")[0]["a"] == 0


def test_single_facts_that_would_determine() -> None:
    system = {
        f: [frozenset(a.split()) for a in ways]
        for f, ways in {"time": ["n d"], "n": ["time d"], "d": ["time n"]}.items()
    }
    determiner = Determiner(system)
    pattern = Pattern(frozenset({"time"}))
    assert determiner.would_determine(pattern, ())["d"] == ("n",)
    assert determiner.would_determine(Pattern(frozenset()), ()) == {"time": (), "n": (), "d": ()}


# ── the oracle: the rule in its own words, slowly ──


def reachable(system: System, known: set[str], without: str | None = None) -> set[str]:
    have = set(known)
    while True:
        more = {f for f, ways in system.items() if f != without and f not in have and any(w <= have for w in ways)}
        if not more:
            return have
        have |= more


NAMES = [f"f{i}" for i in range(7)]


@st.composite
def systems(draw: st.DrawFn) -> tuple[System, frozenset[str]]:
    ways = st.lists(st.frozensets(st.sampled_from([*NAMES, "x", "y"]), max_size=3), max_size=3)
    return {n: draw(ways) for n in NAMES}, draw(st.frozensets(st.sampled_from([*NAMES, "x", "y"])))


@given(systems())
def test_against_the_rule_in_its_own_words(case: tuple[System, frozenset[str]]) -> None:
    system, known = case
    found = Determiner(system).determine(Pattern(known))
    can_be_had = reachable(system, set(known))
    assert set(found.chosen) == {f for f in can_be_had if f not in known and f in system}
    assert set(found.undetermined) == {f for f in system if f not in can_be_had}
    have = set(known)
    for field, index in found.chosen.items():  # in order, each after what it needs
        assert system[field][index] <= have
        have.add(field)
    preferred = {}
    for field in found.chosen:
        others = reachable(system, set(known), without=field)
        preferred[field] = next((i for i, w in enumerate(system[field]) if w <= others), None)
    moved = {f for f, i in found.chosen.items() if preferred[f] != i}
    # a field takes another than its preferred way only where the preferred ways form a ring
    for field in moved:
        assert _in_a_ring_of(system, preferred, field, known)


def _in_a_ring_of(system: System, preferred: dict[str, int | None], start: str, known: frozenset[str]) -> bool:
    """Whether the preferred ways lead from a field back to itself."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        at = waiting.pop()
        way = preferred.get(at)
        for fact in system[at][way] if at in preferred and way is not None else ():
            if fact == start:
                return True
            if fact not in seen and fact not in known:
                seen.add(fact)
                waiting.append(fact)
    return False


# ── shuffled scenarios ──

FACTS = {
    "tokens": "1.4T token", "compute": "5.9e23 FLOP", "device_time": "413k device*h", "devices": "2048 device", "duration": "8.4 day",
    "utilization": "40%", "peak": "989 TFLOP/s/device", "power": "700 W/device", "it_energy": "289 MWh", "pue": "1.1",
    "energy": "318 MWh", "carbon_intensity": "400 gCO2e/kWh", "co2e": "127 tCO2e", "price": "2 USD/device/h", "speed": "940 token/s/device",
}  # fmt: skip


@st.composite
def scenarios(draw: st.DrawFn) -> list[tuple[str, list[str]]]:
    """Instances as (head, lines of the block)."""
    instances = [
        ("model m", ['parameters = 70B param from "x"']),
        ("grid g", ['carbon_intensity = 380 gCO2e/kWh from "x"']),
    ]
    for i in range(draw(st.integers(1, 4))):
        facts = draw(st.lists(st.sampled_from(sorted(FACTS)), unique=True, max_size=8))
        lines = [f'{f} = {FACTS[f]} from "x"' for f in facts] + ["model = m"]
        if draw(st.booleans()):
            lines.append("grid = g")
        like = f" like r{draw(st.integers(0, i - 1))}" if i and draw(st.booleans()) else ""
        instances.append((f"run r{i}{like}", lines))
    instances.append(
        (
            "deployment d",
            [
                "run = r0",
                "grid = g",
                'energy_per_request = 3 Wh/request from "x"',
                'requests = 1M request/day from "x"',
            ],
        )
    )
    return instances


def text_of(instances: list[tuple[str, list[str]]]) -> str:
    return "\n".join(f"{head} {{\n" + "\n".join(lines) + "\n}" for head, lines in instances) + "\n"


def told(result: Evaluated) -> tuple[dict[str, object], set[tuple[str, str]]]:
    assert result.run is not None
    values = {}
    for state in result.run.model.own_states():
        for name, node in state.nodes.items():
            values[f"{state.instance.name}.{name}"] = result.run.raw(node)
        values[state.instance.name] = dict(state.determination.chosen)
    return values, {(d.code, d.title) for d in result.diagnostics}


@given(scenarios(), st.randoms(use_true_random=False))
def test_order_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, instances: list[tuple[str, list[str]]], rng: random.Random
) -> None:
    folder = tmp_path_factory.mktemp("order")
    path = folder / "a.tonne"
    path.write_text(text_of(instances), encoding="utf-8")
    values, found = told(evaluate(path))
    shuffled = [(head, rng.sample(lines, len(lines))) for head, lines in rng.sample(instances, len(instances))]
    path.write_text(text_of(shuffled), encoding="utf-8")
    assert told(evaluate(path)) == (values, found)
    # the model and the grid in a file of their own
    (folder / "tonne.toml").touch()
    apart = [i for i in shuffled if i[0].split()[1] in ("m", "g")]
    (folder / "site.tonne").write_text(text_of(apart), encoding="utf-8")
    rest = [i for i in shuffled if i not in apart]
    path.write_text('use "./site" { m, g }\n' + text_of(rest), encoding="utf-8")
    again, _ = told(evaluate(path))
    assert again == {k: v for k, v in values.items() if k.split(".")[0] not in ("m", "g")}


def test_kinds_need_no_order_either(tmp_path: Path) -> None:
    path = tmp_path / "a.tonne"
    kind = "kind serving like deployment {\n  share : % = 100%\n}\n"
    use = 'serving s {\n  energy_per_request = 3 Wh/request from "x"\n  pue = 1.2 from "x"\n}\nrequire s.it_energy_per_request == 2.5 Wh/request\n'
    for text in (kind + use, use + kind):
        path.write_text(text, encoding="utf-8")
        result = evaluate(path)
        assert [d.code for d in result.diagnostics] == ["P301"]  # 100 % in the kind has no source
