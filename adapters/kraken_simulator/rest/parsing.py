"""What a request says: query, form or JSON body, with or without a Content-Type, GET or POST.

Form names may nest (`orders[0][price]`, `close[price]`). A JSON body is told by its first byte.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qsl

from adapters.kraken_simulator.errors import INVALID_ARGUMENTS, Refusal, argument
from adapters.kraken_simulator.wire import decimal_of

_PART: Final = re.compile(r"\[([^\]]*)\]")
Params = dict[str, Any]


def parameters(query: Mapping[str, str], body: bytes) -> Params:
    """Everything that a request says, the body winning over the query. Raises Refusal."""
    found: Params = dict(query)
    stripped = body.strip()
    if not stripped:
        return _nested(list(found.items()))
    if stripped[:1] == b"{":
        found.update(_json(stripped))
        return found
    try:
        pairs = parse_qsl(stripped.decode("utf-8"), keep_blank_values=True)
    except UnicodeDecodeError as error:
        raise Refusal("EAPI:Bad request") from error
    return _nested([*found.items(), *pairs])


def _json(body: bytes) -> Params:
    try:
        # Numbers keep their digits; a float never touches them.
        document = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise Refusal("EAPI:Bad request") from error
    if not isinstance(document, dict):
        raise Refusal("EAPI:Bad request")
    return document


def _nested(pairs: list[tuple[str, str]]) -> Params:
    """Form names with brackets become nested dictionaries; all-number ones become lists."""
    found: Params = {}
    for name, value in pairs:
        head, _, _ = name.partition("[")
        parts = [head, *_PART.findall(name[len(head) :])]
        place = found
        for part in parts[:-1]:
            inner = place.setdefault(part, {})
            if not isinstance(inner, dict):
                raise Refusal(INVALID_ARGUMENTS)
            place = inner
        last = parts[-1] or str(len(place))
        place[last] = value
    return {name: _listed(value) for name, value in found.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(each) for name, each in value.items()}
    if inner and all(name.isdigit() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


def word(params: Params, name: str) -> str | None:
    """A field as text; None when it is absent or empty. Raises Refusal for lists and the like."""
    value = params.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, Decimal)):
        return str(value)
    raise Refusal(argument(name))


def needed(params: Params, name: str) -> str:
    """A field that must be there. Raises Refusal."""
    found = word(params, name)
    if found is None:
        raise Refusal(argument(name))
    return found


def words(params: Params, name: str) -> list[str] | None:
    """A comma list or a JSON list as texts; None when absent. Raises Refusal."""
    value = params.get(name)
    if isinstance(value, list):
        return [str(each) for each in value]
    found = word(params, name)
    return None if found is None else [each.strip() for each in found.split(",") if each.strip()]


def whole(params: Params, name: str) -> int | None:
    """A whole number; None when absent. Raises Refusal."""
    found = word(params, name)
    if found is None:
        return None
    try:
        return int(found)
    except ValueError as error:
        raise Refusal(argument(name)) from error


def amount(params: Params, name: str) -> Decimal | None:
    """A decimal; None when absent. Raises Refusal."""
    found = word(params, name)
    if found is None:
        return None
    value = decimal_of(found)
    if value is None:
        raise Refusal(argument(name))
    return value


def is_set(params: Params, name: str) -> bool:
    """Whether a switch is on: true, True, 1, yes."""
    found = word(params, name)
    return found is not None and found.lower() in {"true", "1", "yes"}
