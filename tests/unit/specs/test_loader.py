"""Which files make models, and that one file never takes another with it."""

from specs.loader import find_spec_files, load_specs


def named(text, name):
    return text.replace("name: support", f"name: {name}").encode()


def test_each_valid_file_is_a_model(text):
    files = {"specs/b.yaml": named(text, "b"), "specs/a.yml": named(text, "a")}

    result = load_specs(files)

    assert {name: loaded.path for name, loaded in result.models.items()} == {
        "a": "specs/a.yml",
        "b": "specs/b.yaml",
    }
    assert result.errors == {}


def test_a_file_with_errors_takes_only_its_own_model_out(text):
    bad = named(text, "bad").replace(b"seed: 17", b"seed: x")

    result = load_specs({"specs/bad.yaml": bad, "specs/good.yaml": named(text, "good")})

    assert list(result.models) == ["good"]
    assert list(result.errors) == ["specs/bad.yaml"]


def test_the_name_is_known_even_of_a_file_with_errors(text):
    bad = named(text, "bad").replace(b"seed: 17", b"seed: x")

    result = load_specs({"specs/bad.yaml": bad, "specs/worse.yaml": b"a: ["})

    assert result.names == {"specs/bad.yaml": "bad"}


def test_two_files_with_one_model_are_both_wrong_and_name_each_other(text):
    files = {"specs/a.yaml": text.encode(), "specs/b.yaml": text.encode()}

    result = load_specs(files)

    assert result.models == {}
    told = [str(error) for errors in result.errors.values() for error in errors]
    assert told == [
        f"specs/{one}.yaml:4:9: metadata.name: the model 'support' is declared by"
        f" specs/{other}.yaml as well (rename one, or delete one)"
        for one, other in ("ab", "ba")
    ]


def test_a_broken_copy_does_not_take_the_model_from_the_file_that_works(text):
    broken = text.replace("seed: 17", "seed: x").encode()

    result = load_specs({"specs/copy.yaml": broken, "specs/support.yaml": text.encode()})

    assert result.models["support"].path == "specs/support.yaml"
    assert [error.place.field for error in result.errors["specs/copy.yaml"]] == [
        "metadata.name",
        "spec.training.seed",
    ]


def test_the_order_of_the_files_changes_nothing(text):
    files = {"specs/b.yaml": text.encode(), "specs/a.yaml": text.encode(), "specs/c.yaml": b"["}

    forwards = load_specs(files)
    backwards = load_specs(dict(reversed(files.items())))

    assert _words(forwards.errors) == _words(backwards.errors)


def _words(errors):
    return [(path, [str(error) for error in found]) for path, found in errors.items()]


def test_spec_files_are_yaml_below_the_folder_and_not_hidden():
    paths = [
        "specs/b.yml",
        "specs/team/a.yaml",
        "specs/.hidden.yaml",
        "specs/.git/x.yaml",
        "specs/notes.md",
        "specs.yaml",
        "specs-old/c.yaml",
        "other/specs/d.yaml",
    ]

    assert find_spec_files(paths, "specs") == ["specs/b.yml", "specs/team/a.yaml"]
    assert find_spec_files(["a/b/x.yaml", "a/y.yaml"], "a/b/") == ["a/b/x.yaml"]
    assert find_spec_files(["x.yaml", "a/y.yaml"], ".") == ["a/y.yaml", "x.yaml"]
