"""What the sampler calls: both branches in one batch, rules of guidance, and its interval."""

import pytest
import torch

from bassnb.denoiser import guided_denoiser, interval_of
from bassnb.diffusion import c_from_v
from bassnb.errors import BassnbError
from bassnb.guidance import classifier_free_guidance
from bassnb.projected_guidance import ProjectedGuidance


def draws(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


class Network:
    """Any function of z, t and mix; it counts the samples that it is asked about."""

    asked = 0

    def __call__(self, z, t, mix):
        self.asked += len(z)
        return torch.tanh(z + mix[:, :3]) * t[:, None, None] - 0.3 * mix[:, 1:4]


@pytest.fixture
def scene():
    return Network(), draws(2, 6, 9), draws(2, 3, 9, seed=1)


def answers(network, c_x, z, t):
    return (c_from_v(z, network(z, t, mix), t) for mix in (c_x, torch.zeros_like(c_x)))


@pytest.mark.parametrize("time", [0.3, 0.5, 0.9])
def test_within_the_interval_it_is_guidance_and_outside_the_conditional_estimate(scene, time):
    network, c_x, z = scene
    t = torch.full((2,), time)
    cond, uncond = answers(network, c_x, z, t)
    expected = classifier_free_guidance(cond, uncond, 4.0) if time == 0.5 else cond
    network.asked = 0
    found = guided_denoiser(network, c_x, 4.0, 0.0, interval=(0.4, 0.8))(z, t)
    assert torch.allclose(found, expected, atol=1e-6)
    assert network.asked == (4 if time == 0.5 else 2)  # one branch costs half


def test_apg_is_the_projected_rule_and_remembers(scene):
    network, c_x, z = scene
    denoise = guided_denoiser(network, c_x, 4.0, 0.0, rule="apg")
    rule = ProjectedGuidance(4.0)
    for time in (0.9, 0.6):
        t = torch.full((2,), time)
        assert torch.allclose(
            denoise(z, t), rule(*answers(network, c_x, z, t)), atol=1e-5, rtol=1e-4
        )


@pytest.mark.parametrize("text, found", [("0.3-0.9", (0.3, 0.9)), (" 0 - .5 ", (0.0, 0.5))])
def test_an_interval_is_two_times(text, found):
    assert interval_of(text) == found


@pytest.mark.parametrize("text", ["", "0.9-0.3", "0.5", "0.2-1.5", "a-b", "0.2-0.2", "-1-0.5"])
def test_what_is_no_interval_is_refused(text):
    with pytest.raises(BassnbError, match="guidance_interval is"):
        interval_of(text)


def test_a_whole_interval_is_no_interval():
    assert interval_of(None) == interval_of("0-1") == (0.0, 1.0)


def test_takes_know_rule_and_interval(accompanist):
    mix = 0.1 * draws(2, 44_100)
    settings = {"seed": 0, "steps": 4, "guidance": 6.0}
    plain = accompanist(mix, **settings).latents
    for chosen in ({"guidance_rule": "apg"}, {"guidance_interval": "0.2-0.6"}):
        take = accompanist(mix, **settings, **chosen)
        assert not torch.allclose(take.latents, plain, atol=1e-3)
        assert take.settings | chosen == take.settings
    with pytest.raises(BassnbError, match="guidance_interval is"):
        accompanist(mix, guidance_interval="0.9-0.2")


@pytest.fixture(scope="module", autouse=True)
def speaking(accompanist):
    """Layers that start at zero must speak too."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for parameter in accompanist.system.parameters():
            parameter.add_(0.02 * torch.randn(parameter.shape))


def test_one_branch_equals_the_guided_formula_at_its_ends(accompanist):
    unet, generator = accompanist.system.unet, torch.Generator().manual_seed(0)
    z, c_x, t = (torch.randn(1, c, 20, generator=generator) for c in (32, 64, 1))
    t = t.abs().flatten()[:1].clamp(max=1)
    for guidance, heard in ((1.0, c_x), (0.0, torch.zeros_like(c_x))):
        expected = c_from_v(z, unet(z, t, heard), t)
        assert torch.allclose(guided_denoiser(unet, c_x, guidance, 0.0)(z, t), expected)
        assert torch.allclose(
            guided_denoiser(unet, c_x, guidance + 1e-7, 0.0)(z, t), expected, atol=1e-4
        )
