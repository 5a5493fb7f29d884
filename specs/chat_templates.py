"""Chat templates that a spec can name, and what is wrong with one that it holds."""

from jinja2 import TemplateSyntaxError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from specs.problems import nearest

SIMPLE = (
    "{{ bos_token or '' }}{% for message in messages %}{{ '<|' + message['role'] + '|>\\n' }}"
    "{% if message['role'] == 'assistant' %}"
    "{% generation %}{{ message['content'] + eos_token }}{% endgeneration %}"
    "{% else %}{{ message['content'] + eos_token }}{% endif %}{{ '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}"
)
"""For bases that come without one: it needs no token that a base might lack, but an end."""
NAMED_TEMPLATES = {"simple": SIMPLE}


def template_text(named: str) -> str:
    """Return the template that a spec names, or the one that it holds itself."""
    return NAMED_TEMPLATES.get(named, named)


def problem_of_template(template: str) -> tuple[str, str | None] | None:
    """Say what is wrong with a template that a spec holds, and the fix; None: nothing is."""
    text = template_text(template)
    if "{" not in text:
        match = nearest(text, list(NAMED_TEMPLATES))
        fix = f"did you mean {match!r}?" if match else "write the Jinja itself, or simple"
        return f"{text[:40]!r} is no chat template", fix
    try:
        _environment().parse(text)
    except TemplateSyntaxError as error:
        return f"line {error.lineno} of the template: {error.message}", None
    if "messages" not in text:
        return "the template never reads messages", "loop over them: {% for message in messages %}"
    return None


def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", _Generation]
    )


class _Generation(Extension):
    """Transformers' tag around what the assistant says; here it only has to be read."""

    tags = {"generation"}

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)
