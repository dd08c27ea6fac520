"""The network as the sampler calls it: one branch at the ends of guidance, two between."""

import pytest
import torch

from bassnb.denoiser import guided_denoiser
from bassnb.diffusion import c_from_v


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
