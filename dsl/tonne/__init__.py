"""tonne: carbon scenarios of large language models, checked, evaluated and explained.

>>> import tonne
>>> print(tonne.load("scenarios/quickstart.tonne").run()["pretrain.co2e"])
127.2 tCO2e

The names of the package are imported when they are first used, so that `import tonne` costs nothing.
"""

TYPE_CHECKING = False  # type checkers take it for true; to import it from typing costs more than all else here

if TYPE_CHECKING:
    from tonne.api.distribution import Distribution
    from tonne.api.errors import NoValue, TonneError
    from tonne.api.explanation import Explanation
    from tonne.api.result import Checked, Result
    from tonne.api.scenario import Scenario, load, loads
    from tonne.api.sweep import Sweep
    from tonne.api.value import Value
    from tonne.api.verdict import Verdict
    from tonne.diagnostic import Diagnostic
    from tonne.notebook import load_ipython_extension as load_ipython_extension

    __version__: str
else:
    # Where each name is. None of them may be the name of a module of this package: importing that would replace it.
    _HOMES = {
        "load": "tonne.api.scenario",
        "loads": "tonne.api.scenario",
        "Scenario": "tonne.api.scenario",
        "Checked": "tonne.api.result",
        "Result": "tonne.api.result",
        "Distribution": "tonne.api.distribution",
        "Sweep": "tonne.api.sweep",
        "Value": "tonne.api.value",
        "Verdict": "tonne.api.verdict",
        "Explanation": "tonne.api.explanation",
        "TonneError": "tonne.api.errors",
        "NoValue": "tonne.api.errors",
        "Diagnostic": "tonne.diagnostic",
        "load_ipython_extension": "tonne.notebook",
    }

    def __getattr__(name):
        if name == "__version__":
            from importlib.metadata import version

            value = version("tonne")
        elif name in _HOMES:
            from importlib import import_module

            value = getattr(import_module(_HOMES[name]), name)
        else:
            raise AttributeError(f"module 'tonne' has no attribute {name!r}")
        globals()[name] = value
        return value

    def __dir__():
        return sorted({*globals(), *__all__})


# Without load_ipython_extension, which needs an extra: `from tonne import *` works without it.
__all__ = [
    "Checked",
    "Diagnostic",
    "Distribution",
    "Explanation",
    "NoValue",
    "Result",
    "Scenario",
    "Sweep",
    "TonneError",
    "Value",
    "Verdict",
    "__version__",
    "load",
    "loads",
]
