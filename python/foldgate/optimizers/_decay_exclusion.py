"""Which variables weight decay leaves alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any


class DecayExclusion:
    """The part of an optimizer that knows them."""

    built: bool
    _excluded: frozenset[int] = frozenset()
    _excluded_names: re.Pattern[str] | None = None

    def exclude_from_weight_decay(
        self, var_list: Iterable[Any] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Leaves variables out of weight decay; to be called before the first step.

        Args:
          var_list: variables.
          var_names: patterns; a variable whose name has one of them in it is left out.

        Raises:
          ValueError: the optimizer has already taken a step.
        """
        if self.built:
            raise ValueError(
                "exclude_from_weight_decay: the optimizer is built; call it before the first step"
            )
        self._excluded = frozenset(id(variable) for variable in var_list or ())
        names = sorted(set(var_names or ()))
        self._excluded_names = re.compile("|".join(names)) if names else None

    def _decays(self, variable: Any) -> bool:
        if id(variable) in self._excluded:
            return False
        return self._excluded_names is None or self._excluded_names.search(variable.name) is None
