"""Position bias by distance, and attention against its textbook formula."""

import pytest
import torch
from torch.nn.functional import silu

from bassnb import attention
from bassnb.attention import DynamicPositionBias, SelfAttention, toeplitz
from bassnb.errors import BassnbError


def draws(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def trained(layer):
    """Weights as training might leave them: the zero initialisation would hide mistakes."""
    for i, parameter in enumerate(layer.parameters()):
        parameter.data += 0.5 * draws(*parameter.shape, seed=i)
    return layer


@pytest.mark.parametrize("length", [1, 2, 5])
def test_toeplitz_puts_each_offset_on_its_diagonal(length):
    vector = draws(3, 2 * length - 1)
    matrix = toeplitz(vector, length)
    assert matrix.shape == (3, length, length)
    for i in range(length):
        for j in range(length):
            assert torch.equal(matrix[:, i, j], vector[:, i - j + length - 1])


def test_toeplitz_takes_any_dimensions_in_front():
    vector = draws(2, 3, 9)
    assert torch.equal(toeplitz(vector[0, 0], 5), toeplitz(vector, 5)[0, 0])
    assert torch.equal(toeplitz(vector[0], 5), toeplitz(vector, 5)[0])


def test_toeplitz_refuses_another_length():
    with pytest.raises(BassnbError, match="9 diagonals"):
        toeplitz(torch.zeros(2, 7), 5)


@pytest.mark.evidence("position-bias-mlp")
@pytest.mark.parametrize("offsets", ["log", "raw"])
def test_bias_equals_the_mlp_evaluated_on_every_pair(offsets):
    bias, length = trained(DynamicPositionBias(heads=3, hidden=8, offsets=offsets)), 6
    matrix = toeplitz(bias(length), length)
    for i in range(length):
        for j in range(length):
            d = torch.tensor([float(i - j)])
            scaled = torch.sign(d) * torch.log(1 + d.abs()) if offsets == "log" else d / 64
            assert torch.allclose(matrix[:, i, j], bias.mlp(scaled), atol=1e-5)


@pytest.mark.evidence("position-bias-any-length")
@pytest.mark.parametrize("offsets", ["log", "raw"])
def test_bias_does_not_depend_on_the_length(offsets):
    bias, length = trained(DynamicPositionBias(heads=2, hidden=8, offsets=offsets)), 7
    short, long = bias(length), bias(2 * length)
    assert torch.allclose(short, long[:, length : length + 2 * length - 1], atol=1e-6)
    assert not torch.allclose(short, short.flip(-1))  # before and after are not the same


def test_unknown_offsets_are_refused():
    with pytest.raises(BassnbError, match="log, raw"):
        DynamicPositionBias(2, 8, "linear")


@pytest.mark.evidence("attention-softmax-plus-bias")
def test_attention_equals_softmax_of_scores_plus_bias():
    layer, x = trained(SelfAttention(channels=12, heads=3, dpb_hidden=8)), draws(2, 12, 5)
    projected = layer.qkv(layer.norm(x))
    out = torch.zeros(2, 12, 5)
    for head in range(3):
        rows = slice(4 * head, 4 * head + 4)
        q, k, v = (projected[:, 12 * i : 12 * i + 12][:, rows] for i in range(3))  # (B, 4, L)
        bias = toeplitz(layer.bias(5), 5)[head]
        for i in range(5):
            score = (q[:, :, i, None] * k).sum(1) / 4**0.5 + bias[i]
            weight = score.exp() / score.exp().sum(-1, keepdim=True)
            out[:, rows, i] = (weight[:, None] * v).sum(-1)
    assert torch.allclose(layer(x), x + layer.out(out), atol=1e-5)


def test_new_attention_is_the_identity_and_still_learns():
    layer, x = SelfAttention(12, 3), draws(2, 12, 5)
    assert torch.equal(layer(x), x)
    layer(x).square().sum().backward()
    assert layer.out.weight.grad.abs().max() > 0


def test_attention_hears_the_far_end():
    layer, x = trained(SelfAttention(8, 2)), draws(1, 8, 40)
    other = x.clone()
    other[..., -1] += 1
    assert not torch.allclose(layer(x)[..., 0], layer(other)[..., 0])


def test_without_a_bias_attention_would_not_know_the_order():
    layer, x, order = trained(SelfAttention(8, 2)), draws(1, 8, 6), torch.tensor([3, 1, 5, 0, 2, 4])
    assert not torch.allclose(layer(x)[..., order], layer(x[..., order]), atol=1e-3)
    for parameter in layer.bias.parameters():
        parameter.data.zero_()
    assert torch.allclose(layer(x)[..., order], layer(x[..., order]), atol=1e-5)


def test_heads_must_share_the_channels_equally():
    with pytest.raises(BassnbError, match="10 channels"):
        SelfAttention(10, 4)


@pytest.mark.parametrize(("start", "stop"), [(0, 5), (0, 1), (2, 4), (4, 5)])
def test_toeplitz_gives_some_rows_as_all_of_them(start, stop):
    vector = draws(3, 9)
    assert torch.equal(toeplitz(vector, 5, start, stop), toeplitz(vector, 5)[:, start:stop])


@pytest.mark.parametrize("scores", [1, 100, 300])
def test_attention_some_rows_at_a_time_is_attention(scores, monkeypatch):
    layer, x = trained(SelfAttention(12, 3)), draws(2, 12, 17)
    whole = layer(x)
    monkeypatch.setattr(attention, "SCORES", scores)  # 1 row, 1 row, 5 rows of 17 at a time
    assert torch.allclose(layer(x), whole, atol=1e-5)
    layer(x).sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in layer.parameters())


def test_the_bias_is_a_network_of_two_hidden_layers_that_bend():
    bias = trained(DynamicPositionBias(heads=3, hidden=8))
    first, _, second, _, last = bias.mlp
    d = torch.arange(-4.0, 5.0)
    hidden = silu(first((d.sign() * (1 + d.abs()).log())[:, None]))
    assert torch.allclose(bias(5), last(silu(second(hidden))).T, atol=1e-6)


def test_what_is_not_said_is_log_offsets_and_32_hidden_units():
    assert DynamicPositionBias(2, 8).offsets == "log"
    plain, other = SelfAttention(8, 2), SelfAttention(8, 2, dpb_hidden=5, dpb_offsets="raw")
    assert plain.bias.mlp[0].out_features == 32 and plain.bias.offsets == "log"
    assert other.bias.mlp[0].out_features == 5 and other.bias.offsets == "raw"


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_attention_works_in_the_type_of_its_weights(dtype):
    layer, x = trained(SelfAttention(8, 2)), draws(2, 8, 7)
    answer = layer.to(dtype)(x.to(dtype))
    assert answer.dtype == dtype
    assert torch.allclose(
        answer.float(), layer.float()(x), atol=0.2 if dtype == torch.bfloat16 else 1e-5
    )
