"""A file and its cases, drawn together, so that their differences are of the same draws.

Takes runs at the point values; puts what was drawn into each of them, and the values of `percentile`, `sd` and `probability`,
and evaluates again what rests on those.
"""

from __future__ import annotations

from collections.abc import Mapping

from tonne.axes import too_many
from tonne.diagnostic import Diagnostic
from tonne.draw_options import Request
from tonne.evaluate import give
from tonne.formatting import figure
from tonne.graph import Node
from tonne.run import Run
from tonne.sampling import Sampled, Sampler, named_nodes
from tonne.source import Span


def sample_runs(run: Run, cases: Mapping[str, Run], request: Request | None) -> tuple[Sampled | None, list[Diagnostic]]:
    """What was drawn; nothing, and V227, where more is asked for than the limit allows."""
    runs = [run, *cases.values()]
    request = request or Request()
    settings = run.model.project.settings
    options = request.options(settings)
    limit = request.limit or settings.limits.points
    if options.draws > limit:
        start = Span(run.model.project.entry.source, 0, 0)
        help = "draw fewer, or raise `[limits] points` in tonne.toml"
        return None, [too_many(f"{figure(options.draws)} draws are asked for", limit, start, help)]
    sampler = Sampler(options, progress=request.progress)
    for one in runs:
        for node in named_nodes(one.model):
            sampler.ask_value(one, node)
        for _, sides in (*one.model.requirements, *one.model.claims):
            sampler.ask_test(one, sides)
    sampler.labels = {id(case): f"` in the case `{name}" for name, case in cases.items()}
    for case in cases.values():
        for node, other in pairs(run, case):
            sampler.ask_difference(case, node, run, other)
    sampled = sampler.sample()
    for one in runs:
        one.sampled = sampled
        if sampled.statistics:
            give(one, {key: values[0] for key, values in sampled.statistics.items()})
    return sampled, sampled.wrong


def pairs(run: Run, case: Run) -> list[tuple[Node, Node]]:
    """What a case shows and names, each beside the same of the file as written."""
    mine = [v.node for table in case.model.shows for _, row in table.rows for v in row]
    theirs = [v.node for table in run.model.shows for _, row in table.rows for v in row]
    if len(mine) != len(theirs):  # a list that has other members
        mine, theirs = [], []
    for let in case.model.project.lets:
        other = next((one for one in run.model.project.lets if one.name == let.name), None)
        if other is not None:
            mine.append(case.model.lets.get(let))
            theirs.append(run.model.lets.get(other))
    return [(a, b) for a, b in zip(mine, theirs, strict=True) if a is not None and b is not None]
