"""Running single files of a large package without what its __init__ files import."""

import sys
import types


class Anything:
    """What an import needs and the run does not: it takes all arguments, and registers a class by leaving it alone."""

    def __init__(self, *arguments, **options):
        pass

    def register_module(self, *arguments, **options):
        return lambda kind: kind


def package(name, folder=None, **names):
    """A package without its __init__ file: only the files in its folder, or only the given names."""
    module = types.ModuleType(name)
    module.__path__ = [str(folder)] if folder else []
    vars(module).update(names)
    sys.modules[name] = module
    return module
