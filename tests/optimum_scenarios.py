"""Scenarios for tests of optima: the reference cases of tests/data/optimum_cases.json, and laws in arbitrary numbers.

The program sees a scenario file and nothing else; numbers go in as they are written in the data.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tonne.optimize import Optimized
from tonne.scenario import Evaluated, check, evaluate_checked

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "data" / "optimum_cases.json").read_text(encoding="utf-8")
)["cases"]

_SCENARIO = """
model m {{ parameters = 1e9 param from "a" }}

run pretrain {{
  model              = m
  tokens             = 1e12 token from "a"
  flop_per_parameter = {per_training_token} FLOP/param/token from "a"
}}

deployment chat {{
  run                = pretrain
  flop_per_parameter = {per_served_token} FLOP/param/token from "a"
  output_tokens      = {tokens} token/request from "a"
  total_requests     = 1 request from "a"
}}

scaling_law law {{
  A         = {A} from "a"
  B         = {B} from "a"
  E         = {E} from "a"
  alpha     = {a} from "a"
  beta      = {b} from "a"
  run       = pretrain
  reference = {reference} param from "a"
}}

optimum o {{
  minimize {objective}
  over m.parameters, pretrain.tokens
  subject to {constraint}
}}
"""


def scenario(
    objective: str,
    constraint: str,
    *,
    per_training_token: str = "6",
    per_served_token: str = "2",
    tokens: str = "0",
    reference: str = "1e9",
    **law: str,
) -> str:
    return _SCENARIO.format(
        objective=objective,
        constraint=constraint,
        per_training_token=per_training_token,
        per_served_token=per_served_token,
        tokens=tokens,
        reference=reference,
        **{"A": "406.4", "B": "410.7", "E": "1.69", "a": "0.336", "b": "0.283", **law},
    )


def of_case(case: dict[str, Any]) -> str:
    """A reference case as a scenario."""
    given = case["input"]
    law = {name: given[name] for name in "ABEab"}
    training, served, tokens = _weights(given)
    cost = "pretrain.compute" if given["problem"] == "P3" else "pretrain.compute + chat.compute"
    if given["problem"] in ("P1", "P1w", "P3"):
        objective, constraint = "law.loss", f"{cost} == {given.get('C', given.get('budget'))} FLOP"
    else:
        level = given.get("loss", "law.reference_loss")
        objective, constraint = cost, f"law.loss == {level}"
    return scenario(
        objective,
        constraint,
        per_training_token=training,
        per_served_token=served,
        tokens=tokens,
        reference=given.get("N_chinchilla", "1e9"),
        **law,
    )


def _weights(given: dict[str, Any]) -> tuple[str, str, str]:
    """What a training token and a served one cost a parameter, and the served tokens."""
    if "weights" not in given:
        return "6", "2", given.get("T_inf", "0")
    w = {name: float(value) for name, value in given["weights"].items()}
    if "w_train" in w:
        training, served = 6 * w["w_train"], 2 * (w["w_in"] * w["T_in"] + w["w_out"] * w["T_out"])
    else:
        training = 6 * w["price_train"] / w["mfu_train"]
        served = 2 * w["price_inf"] * (w["T_in"] / w["mfu_in"] + w["T_out"] / w["mfu_out"])
    return repr(training), "1", repr(served)


def tolerance(case: dict[str, Any]) -> float:
    """As the data says: 1e-13 / min(a, b), and for a loss l that is given 4 eps l / ((l - E) min(a, b)) more."""
    given = {k: float(v) for k, v in case["input"].items() if isinstance(v, str) and k != "problem"}
    a, b = given["a"], given["b"]
    allowed = 1e-13 / min(a, b)
    loss = case["answer"].get("loss")
    if case["input"]["problem"] in ("P2", "P2w") and loss is not None and loss > given["E"]:
        allowed += 4 * 2.0**-52 * loss / ((loss - given["E"]) * min(a, b))
    return allowed


def evaluated(text: str, folder: Path) -> Evaluated:
    file = folder / "optimum.tonne"
    file.write_text(text, encoding="utf-8")
    return evaluate_checked(check(file))


def optimized(text: str, folder: Path) -> Optimized:
    result = evaluated(text, folder)
    errors = [str(d) for d in result.diagnostics if d.is_error]
    assert errors == []
    assert result.run is not None
    return next(iter(result.run.solved.values()))
