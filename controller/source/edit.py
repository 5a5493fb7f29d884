"""Edit one field of a YAML file, and not one byte beside it.

The file is parsed only to find where the field stands; the new value is then spliced into the text
as the person wrote it, so comments, order, quoting and indentation are never touched.
"""

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode


def set_field(content: bytes, path: tuple[str, ...], value: int | None) -> bytes:
    """Return ``content`` with the field at ``path`` set to ``value``, made where it is absent.

    ``content`` is valid YAML whose root is a mapping. What is missing of ``path`` is written as
    one flow mapping at the head of the deepest mapping that is there.
    """
    text = content.decode()
    node: Node = YAML(typ="rt", pure=True).compose(text)
    rest = list(path)
    after_key = 0
    while rest and isinstance(node, MappingNode) and (found := _entry(node, rest[0])):
        key, node = found
        after_key = key.end_mark.index + len(":")
        rest.pop(0)
    if isinstance(node, MappingNode) and rest:
        at, inserted = _head_of(node, f"{rest[0]}: {_flow(rest[1:], value)}")
        return (text[:at] + inserted + text[at:]).encode()
    start, end = node.start_mark.index, node.end_mark.index
    if start == end:  # `promotion:` has no text of its own, and its mark stands elsewhere
        return (text[:after_key] + " " + _flow(rest, value) + text[after_key:]).encode()
    return (text[:start] + _flow(rest, value) + text[end:]).encode()


def _entry(node: MappingNode, name: str) -> tuple[Node, Node] | None:
    for key, value in node.value:
        if isinstance(key, ScalarNode) and key.value == name:
            return key, value
    return None


def _flow(rest: list[str], value: int | None) -> str:
    """``["a", "b"], 3`` → ``{a: {b: 3}}``."""
    scalar = "null" if value is None else str(value)
    return "".join(f"{{{name}: " for name in rest) + scalar + "}" * len(rest)


def _head_of(node: MappingNode, entry: str) -> tuple[int, str]:
    if node.flow_style:
        return node.start_mark.index + 1, f"{entry}, " if node.value else entry
    first = node.value[0][0].start_mark
    return first.index, f"{entry}\n{' ' * first.column}"
