"""The tables of the dataset, one module each; importing this package declares them all.

`TABLES` maps a table's name to its class, in dependency order (a table stands after those it refers to).
"""

import importlib
import pkgutil

from schemas.base import Table


def _discover() -> dict[str, type[Table]]:
    found: dict[str, type[Table]] = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name == "base":
            continue
        declared = importlib.import_module(f"{__name__}.{module.name}")
        for value in vars(declared).values():
            if isinstance(value, type) and issubclass(value, Table) and value.__module__ == declared.__name__:
                found[module.name] = value
    return dict(sorted(found.items(), key=lambda item: (item[1].meta().order, item[0])))


TABLES: dict[str, type[Table]] = _discover()
