"""Wrong fields and values: place, field, problem and fix, for every kind of mistake."""

import pytest

CASES = {
    "an unknown field with a near name": (
        ("min: 0.85", "mini: 0.85"),
        "25:26: spec.gates[0].mini: unknown field 'mini' (did you mean 'min'?)",
    ),
    "a field in the wrong section": (
        ("seed: 17", "seed: 17\n    learning_rate: 1"),
        (
            "22:5: spec.training.learning_rate: unknown field 'learning_rate'"
            " (it belongs at spec.training.arguments.learning_rate)"
        ),
    ),
    "an unknown field that is like nothing": (
        ("{size: 500}", "{size: 500, zzz: 1}"),
        "31:25: spec.monitoring.window.zzz: unknown field 'zzz' (fields here: size)",
    ),
    "a bad choice with a near name": (
        ("method: lora", "method: lorra"),
        (
            "18:13: spec.training.method: 'lorra' is not one of linear-probe, full, lora, qlora"
            " (did you mean 'lora'?)"
        ),
    ),
    "a bad choice that is like nothing": (
        ("method: lora", "method: zzz"),
        "18:13: spec.training.method: 'zzz' is not one of linear-probe, full, lora, qlora",
    ),
    "a number in quotes": (
        ("seed: 17", 'seed: "17"'),
        (
            "21:11: spec.training.seed: expected a whole number, found the text '17'"
            " (write it without quotes: 17)"
        ),
    ),
    "a number that is not whole": (
        ("size: 500", "size: 500.5"),
        "31:20: spec.monitoring.window.size: expected a whole number, found the number 500.5",
    ),
    "a whole number with a point": (
        ("size: 500", "size: 500.0"),
        (
            "31:20: spec.monitoring.window.size: expected a whole number, found the number 500.0"
            " (write 500)"
        ),
    ),
    "a number where text is meant": (
        ("name: support", "name: 12"),
        '4:9: metadata.name: expected text, found the number 12 (put it in quotes: "12")',
    ),
    "a truth value where text is meant": (
        ("owner: support-team", "owner: true"),
        '5:10: metadata.owner: expected text, found true (put it in quotes: "true")',
    ),
    "text where a truth value is meant": (
        ("r: 16", "use_dora: yes"),
        "19:22: spec.training.lora.use_dora: expected true or false, found the text 'yes'",
    ),
    "text where a list is meant": (
        ("metrics: [accuracy, f1_macro, loss]", "metrics: accuracy"),
        (
            "23:14: spec.evaluation.metrics: expected a list, found the text 'accuracy'"
            " (write it as a list: [accuracy])"
        ),
    ),
    "a list where a mapping is meant": (
        ("promotion: {pin: null}", "promotion: [1]"),
        "28:14: spec.promotion: expected a mapping of fields, found a list",
    ),
    "a field without a value": (
        ("seed: 17", "seed:"),
        (
            "21:5: spec.training.seed: expected a whole number, found nothing"
            " (give it a value, or remove the field)"
        ),
    ),
    "neither of two types": (
        ("validation: {split: 0.1}", "validation: 3"),
        "13:17: spec.data.validation: expected text or a mapping of fields, found the number 3",
    ),
    "a mistake inside one of two types": (
        ("split: 0.1", "spilt: 0.1"),
        "13:18: spec.data.validation.spilt: unknown field 'spilt' (did you mean 'split'?)",
    ),
    "a bad word where a list is possible as well": (
        ("target_modules: auto", "target_modules: all"),
        (
            "19:35: spec.training.lora.target_modules: 'all' is not one of auto, all-linear"
            " (did you mean 'all-linear'?)"
        ),
    ),
    "a bad item where a word is possible as well": (
        ("target_modules: auto", "target_modules: [query, 3]"),
        (
            "19:43: spec.training.lora.target_modules[1]: expected text, found the number 3"
            ' (put it in quotes: "3")'
        ),
    ),
    "neither a word nor a list": (
        ("target_modules: auto", "target_modules: {a: 1}"),
        (
            "19:35: spec.training.lora.target_modules: expected a list or one of auto, all-linear,"
            " found a mapping"
        ),
    ),
    "a number above its limit": (
        ("capture: 1.0", "capture: 1.5"),
        "29:22: spec.serving.capture: must be at most 1, not 1.5",
    ),
    "a number that must be above": (
        ("learning_rate: 1e-3", "learning_rate: 0"),
        "20:32: spec.training.arguments.learning_rate: must be greater than 0, not 0",
    ),
    "infinity": (
        ("learning_rate: 1e-3", "learning_rate: .inf"),
        "20:32: spec.training.arguments.learning_rate: must be a finite number",
    ),
    "a pin below the first version": (
        ("pin: null", "pin: 0"),
        "28:20: spec.promotion.pin: must be at least 1, not 0",
    ),
    "a name that cannot be one": (
        ("name: support", "name: Support Team"),
        (
            "4:9: metadata.name: 'Support Team' is not a name: lower-case letters, digits and inner"
            " hyphens, at most 63 (try 'support-team')"
        ),
    ),
    "a name without a letter in it": (
        ("name: support", "name: '---'"),
        (
            "4:9: metadata.name: '---' is not a name: lower-case letters, digits and inner hyphens,"
            " at most 63"
        ),
    ),
    "a period that is none": (
        ("window: {size: 500}", "false_alarms: {per: monthly}"),
        (
            "31:25: spec.monitoring.false_alarms.per: 'monthly' is not a period"
            " (write hours, days or weeks: 12h, 30d, 4w)"
        ),
    ),
    "a missing field is told at its parent": (
        ("    test: data/test.csv\n", ""),
        "11:3: spec.data.test: test is missing (add for example test: data/test.csv)",
    ),
    "a missing field of a list item is told at the item": (
        ("{metric: f1_macro, min: 0.85}", "{min: 0.85}"),
        "25:7: spec.gates[0].metric: metric is missing",
    ),
    "a newer format": (
        ("trueup/v1", "trueup/v2"),
        "1:13: apiVersion: 'trueup/v2' is not one of trueup/v1 (did you mean 'trueup/v1'?)",
    ),
    "a kind with a slip": (
        ("kind: Model", "kind: model"),
        "2:7: kind: 'model' is not one of Model (did you mean 'Model'?)",
    ),
    "another kind": (
        ("kind: Model", "kind: ConfigMap"),
        (
            "2:7: kind: this file declares kind 'ConfigMap', not a Model"
            " (move it out of the specs folder, which holds nothing but models)"
        ),
    ),
    "an absolute path": (
        ("train: data/train.csv", "train: /data/train.csv"),
        (
            "12:12: spec.data.train: '/data/train.csv' is absolute; paths start at the root of the"
            " repository (write it like data/train.csv)"
        ),
    ),
    "a drive": (
        ("train: data/train.csv", "train: 'C:/train.csv'"),
        (
            "12:12: spec.data.train: 'C:/train.csv' is absolute; paths start at the root of the"
            " repository (write it like data/train.csv)"
        ),
    ),
    "a path that leaves the repository": (
        ("test: data/test.csv", "test: data/../../test.csv"),
        (
            "14:11: spec.data.test: 'data/../../test.csv' leaves its folder with '..'"
            " (write it like data/train.csv)"
        ),
    ),
    "a path of a union": (
        ("validation: {split: 0.1}", "validation: ../v.csv"),
        (
            "13:17: spec.data.validation: '../v.csv' leaves its folder with '..'"
            " (write it like data/train.csv)"
        ),
    ),
    "a path with backslashes": (
        ("train: data/train.csv", r"train: data\train.csv"),
        (
            r"12:12: spec.data.train: 'data\\train.csv' has backslashes; write / between folders"
            " (write it like data/train.csv)"
        ),
    ),
    "a path that is not plain": (
        ("train: data/train.csv", "train: ./data//train.csv"),
        (
            "12:12: spec.data.train: './data//train.csv' is not in its plain form"
            " (write data/train.csv)"
        ),
    ),
    "a URL": (
        ("train: data/train.csv", "train: s3://bucket/train.csv"),
        (
            "12:12: spec.data.train: 's3://bucket/train.csv' is a URL; data is a file of the"
            " repository, tracked by DVC (write it like data/train.csv)"
        ),
    ),
    "git's own folder": (
        ("train: data/train.csv", "train: .git/train.csv"),
        (
            "12:12: spec.data.train: '.git/train.csv' names git's own folder"
            " (write it like data/train.csv)"
        ),
    ),
    "an empty path": (
        ("train: data/train.csv", "train: ''"),
        "12:12: spec.data.train: '' is not a path (write it like data/train.csv)",
    ),
    "DVC's pointer": (
        ("train: data/train.csv", "train: data/train.csv.dvc"),
        (
            "12:12: spec.data.train: 'data/train.csv.dvc' is DVC's pointer"
            " (name the data itself: data/train.csv)"
        ),
    ),
    "a kind of file that is not read": (
        ("train: data/train.csv", "train: data/train.xlsx"),
        (
            "12:12: spec.data.train: 'data/train.xlsx' has a suffix that is not known"
            " (use .csv, .jsonl, .parquet)"
        ),
    ),
    "a base outside the repository": (
        ("model: org/base", "model: ../base"),
        (
            "9:12: spec.base.model: '../base' leaves its folder with '..'"
            " (name a model of the Hugging Face hub, or a folder of the repository)"
        ),
    ),
    "a base with an empty part": (
        ("model: org/base", "model: org//base"),
        (
            "9:12: spec.base.model: 'org//base' has an empty part"
            " (name a model of the Hugging Face hub, or a folder of the repository)"
        ),
    ),
    "a base with a space": (
        ("model: org/base", "model: my base"),
        (
            "9:12: spec.base.model: 'my base' has a space in it"
            " (name a model of the Hugging Face hub, or a folder of the repository)"
        ),
    ),
    "a gate against what is no version": (
        ("against: live", "against: liv"),
        (
            "27:35: spec.gates[2].against: 'liv' is not one of live, previous, base"
            " (did you mean 'live'?)"
        ),
    ),
    "a gate that is no mapping": (
        ("- {metric: f1_macro, min: 0.85}", "- 3"),
        "25:7: spec.gates[0]: expected a mapping of fields, found the number 3",
    ),
    "a key that is a number": (
        ("owner: support-team", "labels: {2024: x}"),
        '5:12: metadata.labels.2024: a key must be text (quote it: "2024")',
    ),
}


@pytest.mark.parametrize(("change", "expected"), CASES.values(), ids=CASES)
def test_a_mistake_is_told_with_place_field_problem_and_fix(said, change, expected):
    assert said(change) == [expected]


def test_a_field_named_like_one_of_our_types_is_a_mistake_like_any_other(said):
    errors = said(("{split: 0.1}", "{ValidationSplit: 5, split: x}"))

    assert errors[0].startswith("13:18: spec.data.validation.ValidationSplit: ")


def test_missing_gates_say_why_and_show_one(said, text):
    without = text[: text.index("  gates:")]

    assert said(whole=without) == [
        (
            "6:1: spec.gates: no gates are declared; success is defined before anything is trained"
            " (add for example gates: [{metric: f1_macro, min: 0.8}]; or ungated: true, which"
            " stays on record)"
        )
    ]


def test_empty_gates_are_missing_gates(said, text):
    without = text[: text.index("  gates:")] + "  gates: []\n"

    (error,) = said(whole=without)

    assert error.startswith("24:10: spec.gates: no gates are declared")


def test_missing_gates_of_a_generating_model_show_one_that_fits(said):
    text = "apiVersion: trueup/v1\nkind: Model\nmetadata: {name: a}\nspec: {task: causal-lm}\n"

    errors = said(whole=text)

    assert "(add for example gates: [{metric: token_f1, min: 0.8}]" in errors[-1]


def test_all_mistakes_of_a_file_are_told_at_once_in_its_order(said):
    errors = said(
        ("method: lora", "method: lorra"),
        ("seed: 17", "sead: 17"),
        ("name: support", "name: S"),
        ("metric: accuracy", "metric: acuracy"),
        ("size: 500", "size: 5"),
        ("test: data/test.csv", "test: data/train.csv"),
    )

    assert [error.split(": ")[1] for error in errors] == [
        "metadata.name",
        "spec.data.test",
        "spec.training.method",
        "spec.training.sead",
        "spec.gates[1].metric",
        "spec.monitoring.window.size",
    ]


@pytest.mark.parametrize("whole", ["[1, 2]", "hello", "3", "true"])
def test_a_file_that_is_no_mapping_says_what_was_expected(said, whole):
    (error,) = said(whole=whole)

    assert error.startswith("1:1: expected a mapping with apiVersion, kind, metadata and spec")


def test_a_spec_that_is_no_mapping_is_one_error(said, text):
    head = text[: text.index("spec:")]

    assert said(whole=f"{head}spec: 3\n") == [
        "6:7: spec: expected a mapping of fields, found the number 3"
    ]
