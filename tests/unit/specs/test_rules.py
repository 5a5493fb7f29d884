"""Rules between fields: told at the field that has to change."""

import pytest

from specs.chat_templates import problem_of_template
from specs.evaluation import CLASSIFICATION_METRICS, MULTI_LABEL_METRICS
from specs.problems import either

RULES = {
    "the same rows twice": (
        [("test: data/test.csv", "test: data/train.csv")],
        (
            "14:11: spec.data.test: test is the same file as train; held-out rows must be others"
            " (give it a file of its own)"
        ),
    ),
    "validation on the test rows": (
        [("validation: {split: 0.1}", "validation: data/test.csv")],
        (
            "13:17: spec.data.validation: validation is the same file as test; held-out rows must"
            " be others (give it a file of its own)"
        ),
    ),
    "text and label in one column": (
        [("text: text, label: category", "text: text, label: text")],
        "15:14: spec.data.columns: text and label are the same column, 'text'",
    ),
    "a column of the other task": (
        [("text: text, label: category", "text: text, prompt: ask")],
        "15:27: spec.data.columns.prompt: prompt is no column of text-classification (remove it)",
    ),
    "one label and many": (
        [("label: category", "label: category, labels: tags")],
        (
            "15:44: spec.data.columns.labels: label and labels: a row has one label, or a set of"
            " them (remove one of the two)"
        ),
    ),
    "a separator of nothing": (
        [("label: category", "label: category, label_separator: ';'")],
        (
            "15:44: spec.data.columns.label_separator: label_separator splits labels, and there is"
            " no column labels (name the column in labels)"
        ),
    ),
    "calibration of a set of labels": (
        [("label: category", "labels: tags"), ("f1_macro, loss]", "expected_calibration_error]")],
        (
            "23:25: spec.evaluation.metrics[1]: expected_calibration_error does not fit multi-label"
            f" text-classification (use {either(MULTI_LABEL_METRICS)})"
        ),
    ),
    "a weight by what there is not": (
        [("seed: 17", "mitigation: {reweight: chanel}")],
        (
            "21:28: spec.training.mitigation.reweight: 'chanel' is neither label nor a slice family"
            " of data.slices (did you mean 'channel'?)"
        ),
    ),
    "mitigation of nothing": (
        [("seed: 17", "mitigation: {}")],
        (
            "21:5: spec.training.mitigation: mitigation declares nothing (write reweight: label, or"
            " augment: [typos])"
        ),
    ),
    "a slice family that cannot be named": (
        [("channel: channel, ", "'a=b': channel, ")],
        (
            "16:14: spec.data.slices.a=b: 'a=b' is no name for a slice family"
            " (use letters, digits, '_' and '-')"
        ),
    ),
    "a rule that would be code": (
        [("len(text) < 40", "__import__('os').system('x')")],
        (
            "16:39: spec.data.slices.short: \"__import__('os').system('x')\" has"
            " \".system('x')\", which no rule is made of"
            ' (name a column, or write a rule like "len(text) < 40")'
        ),
    ),
    "a gate without a limit": (
        [("{metric: f1_macro, min: 0.85}", "{metric: f1_macro}")],
        (
            "25:7: spec.gates[0]: a gate without a limit would check nothing"
            " (add min or max, or max_drop with against: live)"
        ),
    ),
    "a gate of both kinds": (
        [("min: 0.85", "min: 0.85, against: live")],
        (
            "25:7: spec.gates[0]: min and max are limits by themselves, and against compares with"
            " another version (make two gates of it)"
        ),
    ),
    "a comparison with nothing": (
        [("against: live, ", "")],
        (
            "27:7: spec.gates[2]: max_drop and min_gain compare, and nothing says with what"
            " (add against: live)"
        ),
    ),
    "an unknown metric": (
        [("metric: f1_macro, min", "metric: f1_marco, min")],
        "25:16: spec.gates[0].metric: unknown metric 'f1_marco' (did you mean 'f1_macro'?)",
    ),
    "a metric with half its name": (
        [("metric: f1_macro, min", "metric: f1, min")],
        "25:16: spec.gates[0].metric: unknown metric 'f1' (did you mean 'f1_macro'?)",
    ),
    "an unmeasured metric": (
        [("metrics: [accuracy, f1_macro, loss]", "metrics: [f1_macro]")],
        (
            "26:16: spec.gates[1].metric: accuracy is not measured: evaluation.metrics leaves it"
            " out (add accuracy to evaluation.metrics)"
        ),
    ),
    "a metric of the other task in a gate": (
        [("metric: f1_macro, min", "metric: token_f1, min")],
        (
            "25:16: spec.gates[0].metric: token_f1 does not fit text-classification"
            f" (use {either(CLASSIFICATION_METRICS)})"
        ),
    ),
    "a metric of the other task in evaluation": (
        [("f1_macro, loss]", "f1_macro, perplexity]")],
        (
            "23:35: spec.evaluation.metrics[2]: perplexity does not fit text-classification"
            f" (use {either(CLASSIFICATION_METRICS)})"
        ),
    ),
    "a pattern for labels": (
        [("f1_macro, loss]", 'f1_macro, loss]\n    pattern: "[0-9]+"')],
        (
            "24:5: spec.evaluation.pattern: pattern is for causal-lm; text-classification has none"
            " (remove it)"
        ),
    ),
    "a pattern that must be tried again and again": (
        [("f1_macro, loss]", "f1_macro, loss]\n    pattern: '(a)\\1'")],
        (
            "24:14: spec.evaluation.pattern: '(a)\\\\1' is a pattern that RE2 cannot match in"
            " linear time (invalid escape sequence: \\1) (write it without look-around and"
            " back-references)"
        ),
    ),
    "an unknown metric in evaluation": (
        [("f1_macro, loss]", "f1_macro, los]")],
        "23:35: spec.evaluation.metrics[2]: unknown metric 'los' (did you mean 'loss'?)",
    ),
    "a slice of an unknown family": (
        [('slice: "*"', "slice: chanel=email")],
        (
            "26:33: spec.gates[1].slice: 'chanel' is no slice family of data.slices"
            " (did you mean 'channel'?)"
        ),
    ),
    "a slice that a rule does not have": (
        [('slice: "*"', "slice: short=yes")],
        (
            "26:33: spec.gates[1].slice: the rule 'len(text) < 40' has no slice 'yes'"
            " (write short=true or short=false)"
        ),
    ),
    "all of no slices": (
        [('    slices: {channel: channel, short: "len(text) < 40"}\n', "")],
        (
            "25:33: spec.gates[1].slice: this gate would check nothing: no slices are declared"
            " (declare data.slices, for example {channel: channel})"
        ),
    ),
    "a slice of a metric that has none": (
        [("metric: accuracy, slice", "metric: overfit_gap, slice")],
        (
            "26:36: spec.gates[1].slice: overfit_gap is measured on all rows, not on slices"
            " (remove slice)"
        ),
    ),
    "percent instead of a share": (
        [("min: 0.85", "min: 85")],
        (
            "25:31: spec.gates[0].min: f1_macro lies between 0 and 1, so 85 is no limit for it"
            " (write 0.85)"
        ),
    ),
    "limits the wrong way round": (
        [("min: 0.85", "min: 0.9, max: 0.8")],
        "25:41: spec.gates[0].max: max 0.8 is below min 0.9 (swap them)",
    ),
    "a linear probe with quantization": (
        [("method: lora", "method: linear-probe\n    quantization: {load_in_4bit: true}")],
        (
            "19:5: spec.training.quantization: quantization needs method qlora, not linear-probe"
            " (set method: qlora, or remove quantization)"
        ),
    ),
}


@pytest.mark.parametrize(("changes", "expected"), RULES.values(), ids=RULES)
def test_a_broken_rule_is_told_at_the_field_that_has_to_change(said, changes, expected):
    assert expected in said(*changes)


@pytest.mark.parametrize("slice_", ["channel", "channel=e-mail", "short", "short=true", "'*'"])
def test_a_gate_may_ask_a_family_one_slice_or_all(said, slice_):
    assert said(('slice: "*"', f"slice: {slice_}")) == []


def test_a_rule_that_cannot_be_read_is_told_once_and_not_again_by_its_gates(said):
    errors = said(("len(text) < 40", "len(text)"), ('slice: "*"', "slice: short=true"))

    assert _fields(errors) == ["spec.data.slices.short"]


GENERATION = """\
apiVersion: trueup/v1
kind: Model
metadata: {name: replies}
spec:
  task: causal-lm
  base: {model: org/base}
  data:
    train: data/train.jsonl
    test: data/test.jsonl
    columns: {prompt: ask, completion: answer}
  training: {method: full}
  gates:
    - {metric: token_f1, min: 0.5}
    - {metric: perplexity, max: 20}
  monitoring: {detectors: [text]}
"""

GENERATION_RULES = {
    "no columns": (
        ("{prompt: ask, completion: answer}", "{}"),
        ["10:14: spec.data.columns: causal-lm needs the columns prompt and completion"],
    ),
    "both kinds of columns": (
        ("completion: answer", "completion: answer, messages: turns"),
        ["10:58: spec.data.columns.messages: messages stand beside prompt or completion"],
    ),
    "a label": (
        ("completion: answer", "completion: answer, label: intent"),
        ["10:48: spec.data.columns.label: label is no column of causal-lm"],
    ),
    "mitigation": (
        ("{method: full}", "{mitigation: {augment: [typos]}}"),
        ["11:14: spec.training.mitigation: mitigation weighs and rewrites texts with labels"],
    ),
    "a head": (
        ("{method: full}", "{head: {pooling: mean}}"),
        ["11:14: spec.training.head: head is for text-classification; causal-lm has none"],
    ),
    "a linear probe": (
        ("method: full", "method: linear-probe"),
        ["11:22: spec.training.method: linear-probe trains a classification head"],
    ),
    "explanations": (
        ("  monitoring: {", "  evaluation: {explain: {}}\n  monitoring: {"),
        ["15:16: spec.evaluation.explain: explanations say which words a label comes from"],
    ),
    "a watch on labels": (
        ("[text]", "[text, prediction]"),
        ["15:34: spec.monitoring.detectors[1]: prediction watches labels"],
    ),
    "a template that has a typo": (
        ("{method: full}", "{generation: {chat_template: simpel}}"),
        ["11:42: spec.training.generation.chat_template: 'simpel' is no chat template (did you"],
    ),
    "a template that is not Jinja": (
        ("{method: full}", "{generation: {chat_template: '{% for m in messages %}'}}"),
        ["11:42: spec.training.generation.chat_template: line 1 of the template: Unexpected end"],
    ),
    "a template without the messages": (
        ("{method: full}", "{generation: {chat_template: '{{ prompt }}'}}"),
        ["11:42: spec.training.generation.chat_template: the template never reads messages"],
    ),
    "a template with transformers' markers": (
        (
            "{method: full}",
            "{generation: {chat_template: '{% generation %}{{ messages }}{% endgeneration %}'}}",
        ),
        [],
    ),
    "nothing wrong": (("prompt: ask, completion: answer", "messages: turns"), []),
}


def test_how_texts_are_written_is_for_generation_only(said):
    errors = said(("lora: {r: 16", "generation: {packing: true}\n    lora: {r: 16"))

    assert _fields(errors) == ["spec.training.generation"]


def test_the_template_that_can_be_named_is_one_itself():
    assert problem_of_template("simple") is None


@pytest.mark.parametrize(("change", "expected"), GENERATION_RULES.values(), ids=GENERATION_RULES)
def test_what_fits_a_classifier_only_is_told_of_a_generating_model(said, change, expected):
    errors = said(whole=GENERATION.replace(*change))

    assert [error[: len(start)] for error, start in zip(errors, expected, strict=True)] == expected


COMPUTE_RULES = {
    "{processes: 2}": "executor local is one process (set executor: torchrun, or processes: 1)",
    "{executor: torchrun, processes: 3}": (
        "3 processes cannot share the 32 rows of a step equally (let per_device_train_batch_size *"
        " gradient_accumulation_steps be a multiple of it)"
    ),
    "{executor: torchrun, processes: 2, resources: {GPU: 1}}": (
        "resources are for executor ray; torchrun would ignore them (remove it, or set executor:"
        " ray)"
    ),
    "{executor: torchrun, strategy: fsdp}": (
        "one process has nobody to share with (raise processes, or use ddp)"
    ),
}


@pytest.mark.parametrize(("compute", "expected"), COMPUTE_RULES.items())
def test_nothing_of_compute_is_declared_to_an_executor_that_would_ignore_it(
    said, compute, expected
):
    errors = said(("  evaluation:", f"  compute: {compute}\n  evaluation:"))

    assert [error.split(": ", 2)[2] for error in errors] == [expected]


IN_SHARES = {
    "{method: full}": [],
    "{method: lora, arguments: {optim: sgd}}": [],
    "{method: qlora, quantization: {load_in_4bit: true}}": [
        "fsdp for method qlora is not supported yet (use method: lora or full, or use ddp)"
    ],
    "{method: full, arguments: {optim: adafactor}}": [
        (
            "fsdp for optim adafactor is not supported yet (use optim: adamw_torch,"
            " adamw_torch_fused or sgd, or use ddp)"
        )
    ],
    "{method: full, arguments: {fp16: true}}": [
        "fsdp for fp16 is not supported yet (use bf16, or use ddp)"
    ],
}


@pytest.mark.parametrize(("training", "expected"), IN_SHARES.items())
def test_what_cannot_be_trained_in_shares_is_refused_with_its_way_out(said, training, expected):
    compute = "{executor: torchrun, processes: 2, strategy: fsdp}"
    changed = GENERATION.replace("{method: full}", f"{training}\n  compute: {compute}")

    errors = said(whole=changed)

    assert [error.split(": ", 2)[2] for error in errors] == expected


NOT_YET = {
    "a classifier in shares": (
        (
            "  evaluation:",
            "  compute: {executor: torchrun, processes: 2, strategy: fsdp}\n  evaluation:",
        ),
        "spec.compute.strategy",
    ),
    "a base from the registry": (("model: org/base", "model: registry:a@live"), "spec.base.model"),
    "a canary": (("pin: null", "canary: {}"), "spec.promotion.canary"),
    "a detector": (("[text, prediction]", "[text, embedding]"), "spec.monitoring.detectors[1]"),
    "watched slices": (
        ("window: {size: 500}", "slices: [channel]"),
        "spec.monitoring.slices",
    ),
}


@pytest.mark.parametrize(("change", "field"), NOT_YET.values(), ids=NOT_YET)
def test_what_is_declared_and_not_built_yet_is_never_ignored(said, change, field):
    (error,) = said(change)

    assert f": {field}: " in error
    assert "not supported yet" in error


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([("method: lora", "method: qlora")], "18:13: spec.training.method: qlora needs"),
        (
            [("method: lora", "method: qlora\n    quantization: {}")],
            "19:5: spec.training.quantization: exactly one of load_in_4bit and load_in_8bit",
        ),
    ],
    ids=["without bits", "with neither 4 nor 8 bits"],
)
def test_quantization_says_which(said, changes, expected):
    assert any(error.startswith(expected) for error in said(*changes))


@pytest.mark.parametrize(
    ("given", "start"),
    [
        ("{metric: f1}", "21:30: spec.training.early_stopping.metric: unknown metric 'f1'"),
        ("{metric: perplexity}", "21:30: spec.training.early_stopping.metric: perplexity does not"),
        (
            "{metric: recall_macro}",
            "21:30: spec.training.early_stopping.metric: recall_macro is not measured while",
        ),
    ],
)
def test_early_stopping_needs_a_metric_of_the_task(said, given, start):
    errors = said(("seed: 17", f"early_stopping: {given}"))

    assert any(error.startswith(start) for error in errors)


def test_early_stopping_works_with_its_defaults_where_there_are_steps(said):
    asked = ("seed: 17", "early_stopping: {}")

    assert said(asked) == []
    (error,) = said(asked, ("method: lora", "method: linear-probe"))
    assert "linear-probe is fitted at once and takes no steps" in error


def test_a_watched_slice_must_be_declared(said):
    errors = said(("window: {size: 500}", "slices: [chanel]"))

    assert (
        "31:14: spec.monitoring.slices[0]: 'chanel' is no slice family of data.slices"
        " (did you mean 'channel'?)"
    ) in errors


class TestMistakesDoNotHideOthers:
    """Rules are asked about the right parts of a file that is wrong elsewhere."""

    def test_a_wrong_value_does_not_hide_a_broken_rule_elsewhere(self, said):
        errors = said(("seed: 17", "seed: x"), ("metric: f1_macro, min", "metric: f1_marco, min"))

        assert _fields(errors) == ["spec.training.seed", "spec.gates[0].metric"]

    def test_missing_sections_do_not_hide_a_broken_rule(self, said):
        text = "kind: Model\nspec:\n  gates:\n    - {metric: f1_macro}\n"

        assert _fields(said(whole=text)) == [
            "apiVersion",
            "metadata",
            "spec.task",
            "spec.base",
            "spec.data",
            "spec.gates[0]",
        ]

    def test_a_rule_is_not_asked_about_what_is_wrong_already(self, said):
        errors = said(("metrics: [accuracy, f1_macro, loss]", "metrics: [accuracy, 3]"))

        assert _fields(errors) == ["spec.evaluation.metrics[1]"]

    def test_a_wrong_gate_does_not_hide_another(self, said):
        errors = said(("- {metric: f1_macro, min: 0.85}", "- 3"), ('slice: "*"', "slice: chanel"))

        assert _fields(errors) == ["spec.gates[0]", "spec.gates[1].slice"]

    def test_a_wrong_field_of_a_gate_does_not_hide_another(self, said):
        errors = said(("metric: f1_macro, min: 0.85", "metric: f1_marco, mini: 0.85"))

        assert _fields(errors) == ["spec.gates[0].metric", "spec.gates[0].mini"]

    def test_gates_that_are_no_list_are_one_error(self, said, text):
        before, _, after = text.partition("  gates:")
        rest = after[after.index("  promotion") :]

        assert _fields(said(whole=f"{before}  gates: 3\n{rest}")) == ["spec.gates"]


def _fields(errors):
    return [error.split(": ")[1] for error in errors]
