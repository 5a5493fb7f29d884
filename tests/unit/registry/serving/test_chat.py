"""Chat templates and forms: the assistant's tokens exactly, learned as they are asked for."""

import pytest

from tests.unit.registry.serving.chats import CHATML, CHATML_MARKED, LLAMA, TALK, write_tokenizer

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

TEMPLATES = {"ChatML": CHATML, "ChatML with markers": CHATML_MARKED, "Llama": LLAMA}
ANSWERS = {
    "ChatML": ["on its way\n\nor so<|im_end|>", "so long<|im_end|>"],
    "ChatML with markers": ["on its way\n\nor so<|im_end|>", "so long<|im_end|>"],
    "Llama": ["on its way\n\nor so </s>", "so long </s>"],
}
USER = {"role": "user", "content": "hi"}


@pytest.fixture
def form_over(tmp_path):
    """A chat form, over a tokenizer that has the template as its own."""
    from registry.serving.chat import ChatTemplate, find_chat_template, special_tokens
    from registry.serving.forms import ChatForm
    from registry.serving.tokens import TextTokenizer

    def make(template: str):
        write_tokenizer(tmp_path, template)
        tokenizer = TextTokenizer(tmp_path, max_length=None)
        found = ChatTemplate(find_chat_template(tmp_path), special_tokens(tmp_path))
        return ChatForm(tokenizer, found, []), tokenizer

    return make


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_answers_are_exactly_the_assistants_tokens_with_their_ends(form_over, name):
    form, tokenizer = form_over(TEMPLATES[name])

    example = form.example(TALK[:-1], TALK[-1]["content"])

    found = [tokenizer.raw_text(example.ids[first:behind]) for first, behind in example.answers]
    assert found == ANSWERS[name]


@pytest.mark.parametrize("name", TEMPLATES)
def test_what_is_learned_begins_with_exactly_what_is_asked(form_over, name):
    form, _ = form_over(TEMPLATES[name])

    example = form.example(TALK[:-1], TALK[-1]["content"])

    asked = form.prompt_ids(TALK[:-1])
    assert example.ids[: len(asked)] == asked
    assert example.answers[-1][0] == len(asked)


@pytest.mark.parametrize("name", TEMPLATES)
def test_text_and_mask_are_those_of_transformers(form_over, tmp_path, name):
    from transformers import AutoTokenizer

    form, _ = form_over(TEMPLATES[name])
    theirs = AutoTokenizer.from_pretrained(tmp_path)

    asked = theirs.apply_chat_template(TALK[:-1], add_generation_prompt=True, return_dict=False)
    whole = theirs.apply_chat_template(
        TALK, return_dict=True, return_assistant_tokens_mask="markers" in name
    )

    example = form.example(TALK[:-1], TALK[-1]["content"])
    assert form.prompt_ids(TALK[:-1]) == asked
    # Where a token runs across the end of the prompt, we cut it as when the model is asked.
    assert (example.ids == whole["input_ids"]) == (name != "Llama")
    if "assistant_masks" in whole:
        marked = {place for place, is_set in enumerate(whole["assistant_masks"]) if is_set}
        assert marked == {place for span in example.answers for place in range(*span)}


def test_a_plain_text_is_one_turn_of_the_user(form_over):
    form, _ = form_over(CHATML)

    assert form.prompt_ids("hi") == form.prompt_ids([USER])


REFUSED = {
    "a template that raises": (
        "{{ raise_exception('no system turns here') }}",
        "the chat template fails: no system turns here",
    ),
    "a variable that nobody gives": (
        "{{ messages[0]['content'] + sep_token }}",
        "the chat template fails: 'sep_token' is undefined",
    ),
    "a way out of the sandbox": ("{{ messages.append(1) }}", "the chat template fails: .*unsafe"),
    "no end of the answer": (
        "{% for m in messages %}{{ m['content'] + '\n' }}{% endfor %}",
        "no special token ends the assistant's turn",
    ),
    "another end for the last turn": (
        "{% for m in messages %}{{ m['content'] + ('</s>' if loop.last else ';') }}{% endfor %}",
        "what it writes up to turn 3 is no beginning",
    ),
    "another beginning when it asks": (
        CHATML_MARKED.replace("{{ '<|im_start|>assistant", "{{ '<|im_start|>bot"),
        "what the chat template asks with is not how it writes",
    ),
    "markers around every turn": (
        "{% for m in messages %}{% generation %}{{ m['content'] }}{% endgeneration %}{% endfor %}",
        "its markers stand around 5 turns, the assistant has 2",
    ),
}


@pytest.mark.parametrize(("template", "problem"), REFUSED.values(), ids=REFUSED)
def test_a_template_that_cannot_be_learned_from_is_refused(form_over, template, problem):
    from registry.serving.chat import ChatTemplateError

    form, _ = form_over(template)

    with pytest.raises(ChatTemplateError, match=problem) as raised:
        form.example(TALK[:-1], TALK[-1]["content"])

    assert raised.value.fix


def test_the_named_template_can_be_learned_from_with_an_end_alone(form_over):
    from specs.chat_templates import template_text

    form, tokenizer = form_over(template_text("simple"))

    example = form.example(TALK[:-1], TALK[-1]["content"])

    found = [tokenizer.raw_text(example.ids[first:behind]) for first, behind in example.answers]
    assert found == ["on its way\n\nor so</s>", "so long</s>"]
    assert tokenizer.raw_text(form.prompt_ids("hi")) == "<s><|user|>\nhi</s>\n<|assistant|>\n"
