import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")


def order(seed, epoch, lengths):
    from controller.training.fitting.trainer import LengthGroupedOrder

    sampler = LengthGroupedOrder(lengths, 4, seed)
    sampler.set_epoch(epoch)
    return list(sampler)


LENGTHS = [5 + (7 * index) % 40 for index in range(400)]


def test_the_order_depends_on_seed_and_epoch_and_on_nothing_else():
    first = order(1, 0, LENGTHS)
    torch.rand(1000)  # what dropout draws must not matter

    assert order(1, 0, LENGTHS) == first
    assert order(1, 1, LENGTHS) != first
    assert order(2, 0, LENGTHS) != first


def test_every_row_comes_once_an_epoch():
    assert sorted(order(1, 0, LENGTHS)) == list(range(400))


def test_rows_of_like_length_share_a_batch():
    found = order(1, 0, LENGTHS)

    batches = [[LENGTHS[row] for row in found[start : start + 4]] for start in range(0, 400, 4)]

    padding = sum(4 * max(batch) - sum(batch) for batch in batches)
    assert padding < 0.1 * sum(LENGTHS)


def test_weights_of_another_model_are_not_restored():
    from controller.training.weights import restore_weights, trained_weights

    one, other = torch.nn.Linear(2, 2), torch.nn.Linear(2, 2, bias=False)

    with pytest.raises(ValueError, match="of another model"):
        restore_weights(one, trained_weights(other))


def test_macro_f1_is_the_mean_over_labels_that_occur():
    from controller.training.tasks.measures import f1_macro

    assert f1_macro([0, 0, 1], [0, 1, 1]) == pytest.approx(2 / 3)
