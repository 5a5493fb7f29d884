"""Edit one field of a YAML file, and nothing else: comments, order and formatting stay."""

import io
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap


def set_field(content: bytes, path: tuple[str, ...], value: Any) -> bytes:
    """Return ``content`` with the field at ``path`` set to ``value``, made where it is absent."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    document = yaml.load(content)
    parent = document
    for name in path[:-1]:
        if not isinstance(parent.get(name), dict):
            parent[name] = CommentedMap()
        parent = parent[name]
    parent[path[-1]] = value
    stream = io.BytesIO()
    yaml.dump(document, stream)
    return stream.getvalue()
