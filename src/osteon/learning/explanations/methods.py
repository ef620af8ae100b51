"""Why a trained network says what it says: maps of what in a film its logit rests on.

Grad-CAM, occlusion and LIME are captum's; Grad-CAM++ and Layer-CAM, which it does not have, follow
their papers. Nothing here is a part of a release: `learning.evidence` and the networks that learn
their map from masks give the evidence that is shipped.
"""

from collections.abc import Callable
from types import MappingProxyType
from typing import Final, Literal, get_args

import torch
from captum._utils.models.linear_model import SkLearnRidge
from captum.attr import LayerGradCam, Lime, Occlusion
from torch import Tensor
from torch.nn import functional as F

from osteon.errors import SettingsFault
from osteon.learning.explanations.feature_maps import MapLayer, find_map_layers, tap_layer
from osteon.learning.networks.fracture_network import FractureNetwork

ExplanationMethod = Literal[
    "own", "grad-cam", "grad-cam++", "layer-cam", "layer-cam stages", "occlusion", "lime"
]
"""How a map is had; "own" is the network's, where it has learnt one from masks."""

METHODS: Final[tuple[ExplanationMethod, ...]] = get_args(ExplanationMethod)

N_STAGES: Final = 3
"""Maps that "layer-cam stages" joins: the last and the two before it."""

OCCLUDER: Final = 8
"""Side of a film over that of the window that covers it; windows overlap by half. A fracture's box
is about as wide, and narrower windows would leave half of it to be seen."""

LIME_CELLS: Final = 8
"""Cells along each side of a film that LIME covers or leaves."""

LIME_SAMPLES: Final = 500
"""Covered films that LIME fits its linear model to."""

LIME_WIDTH: Final = 0.25
"""Width of LIME's kernel, in cosine distance from the whole film: as in its authors' code."""

_AT_ONCE: Final = 16
"""Covered films in one forward pass."""


def explain(
    network: FractureNetwork, films: Tensor, *, method: ExplanationMethod, seed: int = 0
) -> Tensor:
    """Return what in each film speaks for a fracture.

    Units are those of the method, and the same for all films; "layer-cam stages" alone scales each
    film to its own highest point. Only places and their order can be compared between methods.

    Args:
        network: The trained network, in evaluation mode.
        films: Shape `(films, channels, rows, columns)`, in [0, 1].
        method: How.
        seed: Of LIME's random covers; equal seeds give equal maps.

    Returns:
        Not negative, float32, shape `(films, rows, columns)` of the films; coarser maps are
        stretched to it, smoothly.

    Raises:
        SettingsFault: If the network is not in evaluation mode, or has not what the method needs.
    """
    if network.training:
        raise SettingsFault(
            "network", "must be in evaluation mode to be explained", advice="Call its eval()."
        )
    if method == "lime":
        maps = _measure_lime(network, films, seed=seed)
    else:
        maps = _BY_METHOD[method](network, films)
    return _stretch(maps.detach(), films).clamp(min=0).float()


def has_own_map(network: FractureNetwork, film: Tensor) -> bool:
    """Return whether a network has learnt a map of its own.

    Args:
        network: In evaluation mode.
        film: Any, shape `(1, channels, rows, columns)`.
    """
    with torch.no_grad():
        return network.look(film).marks is not None


def _take_own(network: FractureNetwork, films: Tensor) -> Tensor:
    with torch.no_grad():
        marks = network.look(films).marks
    if marks is None:
        raise SettingsFault(
            "--method",
            "must be another one for a network that was trained without masks",
            found="own",
            advice=f"Choose among {', '.join(METHODS[1:])}.",
        )
    return torch.sigmoid(marks)


def _measure_grad_cam(network: FractureNetwork, films: Tensor) -> Tensor:
    """Weigh channels by their mean gradient (Selvaraju et al., ICCV 2017)."""
    layer = find_map_layers(network, films[:1])[-1]
    with tap_layer(layer) as tap:
        found = LayerGradCam(network, tap).attribute(_with_gradient(films), relu_attributions=True)
    assert isinstance(found, Tensor)  # one input, one map
    return found[:, 0]


def _measure_grad_cam_pp(network: FractureNetwork, films: Tensor) -> Tensor:
    """Weigh channels by their positive gradients, each by how much it stands alone.

    The paper's class score is exp(logit); its derivatives are powers of the logit's, times
    exp(logit), which is one factor for a whole film and is left out: it changes no place, and it
    would make films incomparable.

    Reference:
        Chattopadhay et al., WACV 2018, equations 10 to 19.
    """
    layer = find_map_layers(network, films[:1])[-1]
    features, slope = _differentiate(network, films, layer)
    total = features.relu().sum(dim=(2, 3), keepdim=True)  # the paper's maps come out of a ReLU
    below = 2 * slope**2 + total * slope**3
    alpha = torch.where(below > 0, slope**2 / below.where(below > 0, torch.ones_like(below)), 0)
    weights = (alpha * slope.relu()).sum(dim=(2, 3), keepdim=True)
    return (weights * features).sum(dim=1).relu()


def _measure_layer_cam(network: FractureNetwork, films: Tensor) -> Tensor:
    """Weigh every place of every channel by its own positive gradient, on the last map."""
    return _weigh_places(network, films, find_map_layers(network, films[:1])[-1])


def _measure_stages(network: FractureNetwork, films: Tensor) -> Tensor:
    """Join Layer-CAM of the last map and of finer ones before it: the highest of each place.

    Reference:
        Jiang et al., IEEE Trans. Image Process. 30 (2021) 5875: equations 5 to 7 and 9; the finer
        maps are lifted by tanh(2 M / max M) as there.
    """
    *finer, last = find_map_layers(network, films[:1])[-N_STAGES:]
    joined = _stretch(_scale_each(_weigh_places(network, films, last)), films)
    for layer in finer:
        lifted = torch.tanh(2 * _scale_each(_weigh_places(network, films, layer)))
        joined = torch.maximum(joined, _stretch(lifted, films))
    return joined


def _measure_occlusion(network: FractureNetwork, films: Tensor) -> Tensor:
    """Measure how far the logit falls while the film's mean grey covers a place.

    Reference:
        Zeiler & Fergus, ECCV 2014.
    """
    n_channels, rows, columns = films.shape[1:]
    window = (n_channels, max(1, rows // OCCLUDER), max(1, columns // OCCLUDER))
    steps = (n_channels, max(1, window[1] // 2), max(1, window[2] // 2))
    with torch.no_grad():
        falls = Occlusion(network).attribute(
            films,
            sliding_window_shapes=window,
            strides=steps,
            baselines=_cover(films),
            perturbations_per_eval=max(1, _AT_ONCE // len(films)),
        )
    assert isinstance(falls, Tensor)  # one input, one map
    # One number for each step of the window, the same in every channel: they are covered together.
    return F.adaptive_avg_pool2d(falls, 2 * OCCLUDER)[:, 0]


def _measure_lime(network: FractureNetwork, films: Tensor, *, seed: int) -> Tensor:
    """Fit a linear model of the logit to which cells of a film are covered.

    Cells of a grid stand for the paper's superpixels, which on a radiograph follow soft tissue.

    Reference:
        Ribeiro, Singh & Guestrin, KDD 2016; ridge and kernel as in its authors' code for pictures.
    """
    chance = torch.Generator()
    rows, columns = films.shape[2:]
    down = torch.arange(rows) * LIME_CELLS // rows
    across = torch.arange(columns) * LIME_CELLS // columns
    cells = (down[:, None] * LIME_CELLS + across[None]).expand_as(films[:1]).to(films.device)

    def draw(original: Tensor, **known: int) -> Tensor:
        kept = torch.full((1, known["num_interp_features"]), 0.5)
        return torch.bernoulli(kept, generator=chance).to(original.device)

    def weigh(_original: Tensor, _covered: Tensor, kept: Tensor, **_known: object) -> Tensor:
        distance = 1 - kept.mean().sqrt()  # cosine distance of zeros and ones from all ones
        return torch.exp(-(distance**2) / LIME_WIDTH**2).sqrt()

    lime = Lime(network, SkLearnRidge(alpha=1.0), weigh, draw)
    weights = []
    # captum's loader draws a number from the process's own chance, which is given back here
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        for film in films.tensor_split(len(films)):
            chance.manual_seed(seed)  # a film's map does not depend on the films before it
            fitted = lime.attribute(
                film,
                baselines=_cover(film),
                feature_mask=cells,
                n_samples=LIME_SAMPLES,
                perturbations_per_eval=_AT_ONCE,
                return_input_shape=False,
            )
            weights.append(fitted)
    return torch.cat(weights).view(-1, LIME_CELLS, LIME_CELLS)


_BY_METHOD: Final = MappingProxyType[str, Callable[[FractureNetwork, Tensor], Tensor]](
    {
        "own": _take_own,
        "grad-cam": _measure_grad_cam,
        "grad-cam++": _measure_grad_cam_pp,
        "layer-cam": _measure_layer_cam,
        "layer-cam stages": _measure_stages,
        "occlusion": _measure_occlusion,
    }
)


def _weigh_places(network: FractureNetwork, films: Tensor, layer: MapLayer) -> Tensor:
    features, slope = _differentiate(network, films, layer)
    return (slope.relu() * features).sum(dim=1).relu()


def _differentiate(
    network: FractureNetwork, films: Tensor, layer: MapLayer
) -> tuple[Tensor, Tensor]:
    """Return a layer's map and the logit's gradient there, `(films, width, rows, columns)` each."""
    with tap_layer(layer) as tap, torch.enable_grad():
        logits = network(_with_gradient(films))
        (slope,) = torch.autograd.grad(logits.sum(), tap.seen)
    return tap.seen.detach(), slope


def _with_gradient(films: Tensor) -> Tensor:
    """Return the films as the start of a graph, which a network with frozen weights has not."""
    return films.detach().clone().requires_grad_()


def _cover(films: Tensor) -> Tensor:
    return films.mean(dim=(1, 2, 3), keepdim=True).expand_as(films)


def _scale_each(maps: Tensor) -> Tensor:
    highest = maps.amax(dim=(1, 2), keepdim=True)
    return maps / highest.where(highest > 0, torch.ones_like(highest))


def _stretch(maps: Tensor, films: Tensor) -> Tensor:
    if maps.shape[1:] == films.shape[2:]:
        return maps
    return F.interpolate(maps[:, None], size=films.shape[2:], mode="bilinear")[:, 0]
