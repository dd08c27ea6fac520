"""Deterministic sampling: from noise to latents in K steps, by DDIM or by a solver of second order.

Taught in chapter 5. Each step estimates the clean latents, lets the caller correct the estimate,
derives the noise that explains the present ``z`` given that estimate, and mixes the two again with
a little less noise:

    c = denoise(z, t);   eps = (z - alpha c) / beta;   z' = alpha' c + beta' eps               (paper section 3.2)

`ddim` is this and nothing else. `dpm_solver` extrapolates c from the step before, and needs far
fewer steps. Guidance (chapter 6) lives inside ``denoise`` and grounding (chapter 7) inside
``ground``; this file is independent of both.
"""

from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from bassnb.diffusion import add_noise, alpha_beta, eps_from_c
from bassnb.errors import BassnbError, check_shape

Denoise = Callable[[Tensor, Tensor], Tensor]
Ground = Callable[[Tensor, float], Tensor]
Watch = Callable[[int, Tensor, Tensor], None]


def ddim(
    denoise: Denoise,
    z: Tensor,
    steps: int,
    *,
    ground: Ground | None = None,
    callback: Watch | None = None,
    start: float = 1.0,
    power: float = 1,
) -> Tensor:
    """Sample from pure noise at t = 1 to clean latents at t = 0.

    Paper sections 3.2 and 4, taught in chapter 5.

    Parameters
    ----------
    denoise : callable (z (B, C, L), t (B,)) -> c (B, C, L)
        The denoised estimate, guided or not.
    z : Tensor (B, C, L)
        Standard normal noise, see `initial_noise`.
    steps : int, at least 1
        K, the number of network evaluations; the paper found 64 best.
    ground : callable (c (B, C, L), beta float) -> c (B, C, L), optional
        Correction of the estimate before the step is taken, such as style grounding.
    callback : callable (k, z, c), optional
        Called at step k = 0 ... K - 1 with the noisy latents and the estimate made from them. To
        stop early, raise.
    start : float in [0, 1]
        The time t0 at which ``z`` is: below 1 it is a noised line rather than noise, see
        `noised_line`; at 0 no step is left, and ``z`` is the result.
    power : float
        Spacing of the times, see `pairs_of_times`: 1 is even, 2 begins with small steps.

    Returns
    -------
    c : Tensor (B, C, L)
        The last estimate: at t = 0 the rates are exactly 1 and 0, so nothing else remains.

    Raises
    ------
    BassnbError
        If ``steps`` is below 1, ``start`` outside [0, 1], or the estimate does not have the shape
        of ``z``.
    """
    with torch.no_grad():
        for k, (t, t_next) in enumerate(pairs_of_times(steps, power, start)):
            c = _estimate(denoise, z, t, ground)
            if callback is not None:
                callback(k, z, c)
            # The noise is derived again from the corrected c, so that both still add up to z.
            z = add_noise(c, eps_from_c(z, c, t), t_next)
    return z


def dpm_solver(
    denoise: Denoise,
    z: Tensor,
    steps: int,
    *,
    ground: Ground | None = None,
    callback: Watch | None = None,
    start: float = 1.0,
    power: float = 2,
) -> Tensor:
    """`ddim` with an estimate that is extrapolated from the two last ones: DPM-Solver++(2M) (taught
    in chapter 5).

    Between two times, DDIM acts as if c stayed what it is at the first. On the clock ``lambda =
    log(alpha / beta)``, in which the exact solution is an integral over c alone, a straight line
    through this estimate and the one before says what c is halfway:

        c_half = c + (lambda' - lambda) / (2 (lambda - lambda_before)) (c - c_before)     (Lu et al. 2022, algorithm 2)

    An extrapolation needs three finite lambdas. The first step from noise starts at lambda = -inf and
    the last one ends at inf: both are steps of DDIM, and so is the second, whose weight
    ``(lambda' - lambda) / inf`` is 0. From a noised line only the first, which has none before it, and
    the last are. The times are ``1 - (k / K)^2`` unless ``power`` says otherwise: with strong
    guidance most of a take is decided near t = 1.

    Parameters, returns and errors as in `ddim`; ``callback`` sees the network's corrected estimate,
    not the extrapolated one. On any stretch away from t = 0 the error falls like 1 / K^2. Over all
    times it falls more slowly, because the last steps do not become smaller in lambda as K grows.
    """
    before = None  # lambda and estimate of the last step
    with torch.no_grad():
        for k, (t, t_next) in enumerate(pairs_of_times(steps, power, start)):
            c = _estimate(denoise, z, t, ground)
            if callback is not None:
                callback(k, z, c)
            now, then = log_snr(t), log_snr(t_next)
            half = c
            if before is not None and before[0].isfinite() and then.isfinite():
                half = c + ((then - now) / (2 * (now - before[0]))).item() * (c - before[1])
            z = add_noise(half, eps_from_c(z, half, t), t_next)
            before = now, c
    return z


SAMPLERS = {"ddim": ddim, "dpm++": dpm_solver}
PAPER_STEPS = 64  # K, section 5
STEPS = {"ddim": PAPER_STEPS, "dpm++": 12}  # enough of each: results/samplers.json


def pairs_of_times(
    steps: int, power: float = 1, start: float = 1.0
) -> Iterator[tuple[Tensor, Tensor]]:
    """From which t to which: neighbours in ``t0 (1 - (k / K)^power)``, k = 0 ... K.

    In float64 on the CPU, for eps divides by a beta that gets small near the end. With ``start``
    t0 = 0 there is nothing to do, and no pair.

    Raises
    ------
    BassnbError
        If ``steps`` is below 1, or ``start`` outside [0, 1].
    """
    if steps < 1:
        raise BassnbError(f"steps must be at least 1, not {steps}; 64 is the paper's value")
    if not 0 <= start <= 1:
        raise BassnbError(f"sampling cannot start at t = {start}; give a time from 0 to 1")
    times = start * (1 - torch.linspace(0, 1, steps + 1, dtype=torch.float64) ** power)
    return zip(times[:-1], times[1:]) if start else iter(())


def _estimate(denoise: Denoise, z: Tensor, t: Tensor, ground: Ground | None) -> Tensor:
    """The denoised estimate of ``z`` at ``t``, corrected by ``ground``."""
    check_shape(BassnbError, "z", z, "B", *z.shape[1:])
    c = denoise(z, t.float().to(z.device).expand(z.shape[0]))
    check_shape(BassnbError, "the denoised estimate", c, *z.shape)
    return c if ground is None else ground(c, alpha_beta(t)[1].item())


def log_snr(t: Tensor) -> Tensor:
    """``lambda = log(alpha / beta)``, minus infinity at t = 1 and infinity at t = 0."""
    alpha, beta = alpha_beta(t)
    return alpha.log() - beta.log()


def initial_noise(seed: int, shape: Sequence[int], device: torch.device | str = "cpu") -> Tensor:
    """Standard normal noise of one take (taught in chapter 5).

    Each take has its own generator on the CPU: the same seed gives the same bass on any device,
    alone or in a batch, and the global generator is not used.

    Parameters
    ----------
    seed : int
    shape : sequence of int
        Shape of one take, (C, L).
    device : torch.device or str

    Returns
    -------
    z : Tensor (C, L), float32
        Stack several takes to make a batch.
    """
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(tuple(shape), generator=generator).to(device)


def noised_line(line: Tensor, z: Tensor, start: float) -> Tensor:
    """Where sampling begins that is to stay near a line: ``z_t0 = alpha c + beta z``.

    SDEdit (Meng et al. 2022), taught in chapter 11. The forward process carries the line ``c`` to
    the time t0, where its details are lost in noise and its outline is not, and the sampler goes
    back from there. At t0 = 1 this is the noise itself, bit for bit, and at 0 the line.

    Parameters
    ----------
    line : Tensor (B, C, L) or (1, C, L)
        Standardised latents.
    z : Tensor (B, C, L)
        Standard normal noise.
    start : float in [0, 1]
        t0.

    Returns
    -------
    z : Tensor (B, C, L)
    """
    t0 = torch.tensor(start, dtype=torch.float64)
    return add_noise(line.expand_as(z), z, t0)
