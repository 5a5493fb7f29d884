import pytest

pytestmark = pytest.mark.torch
torch = pytest.importorskip("torch")


def clusters(count, seed, *, spread):
    """Three clouds of vectors, far from zero and of no usual scale."""
    from controller.training.tasks.head import Features

    draw = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 3
    centres = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])
    vectors = centres[labels] + spread * torch.randn(count, 2, generator=draw)
    return Features(300 * vectors + 500, labels)


def accuracy(head, features):
    return float((head(features.vectors).argmax(1) == features.labels).float().mean())


def loss(head, features):
    with torch.inference_mode():
        return float(torch.nn.functional.cross_entropy(head(features.vectors), features.labels))


def test_a_probe_separates_what_can_be_separated_whatever_the_scale():
    from controller.training.tasks.head import fit_linear

    head = fit_linear(clusters(300, 1, spread=0.1), label_count=3, l2=1e-4)

    assert accuracy(head, clusters(300, 2, spread=0.1)) == 1.0


def test_a_probe_agrees_with_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    from controller.training.tasks.head import fit_linear

    train, test = clusters(300, 1, spread=0.6), clusters(300, 2, spread=0.6)
    mean, scale = train.vectors.mean(0), train.vectors.std()
    l2 = 1e-3
    reference = LogisticRegression(C=1 / (2 * l2 * 300), max_iter=1000, tol=1e-8)
    reference.fit(((train.vectors - mean) / scale).numpy(), train.labels.numpy())

    head = fit_linear(train, label_count=3, l2=l2)

    ours = torch.softmax(head(test.vectors), 1).detach().numpy()
    theirs = reference.predict_proba(((test.vectors - mean) / scale).numpy())
    assert abs(ours - theirs).max() < 0.01


def test_a_dimension_that_hardly_varies_gets_no_weight_that_would_shake_the_logits():
    """Standardising each dimension alone did that: fine-tuning then lost accuracy."""
    from controller.training.tasks.head import Features, fit_linear

    train = clusters(300, 1, spread=0.6)
    noise = torch.randn(300, 1, generator=torch.Generator().manual_seed(3))
    wider = Features(torch.cat([train.vectors, 1e-3 * noise], 1), train.labels)

    weight = fit_linear(wider, label_count=3, l2=1e-4).weight.abs()

    assert weight[:, 2].max() < weight[:, :2].max()


def test_the_penalty_that_validation_likes_best_is_taken():
    from controller.training.tasks.head import L2_CHOICES, fit_linear, probe

    train, validation = clusters(12, 1, spread=1.0), clusters(600, 2, spread=1.0)

    head = probe(train, validation, label_count=3)

    tried = [fit_linear(train, label_count=3, l2=l2) for l2 in L2_CHOICES]
    best = min(loss(one, validation) for one in tried)
    assert loss(head, validation) == pytest.approx(best)


def test_without_validation_rows_a_probe_is_still_made():
    from controller.training.tasks.head import probe

    train = clusters(300, 1, spread=0.1)

    assert accuracy(probe(train, clusters(0, 2, spread=0.1), label_count=3), train) == 1.0
