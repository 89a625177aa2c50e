"""The restricted likelihood of a regression of effects within clusters.

    y_ij = x_ij beta + u_j + w_ij + e_ij,   Var(u) = sigma2[0],  Var(w) = sigma2[1],  Cov(e_j) = V_j

In the axes of each V_j, as in `nested`, M_j is a diagonal matrix plus a rank of one, so that all of
Z'WZ, Z = [X, y], and its derivatives cost one pass over the rows. With d = 1 / (lam + within), c_j = sum d one Z
and A_j = sum d one**2 over the rows of a cluster, and f = between / (1 + between A_j):
Z'WZ = sum d Z Z' - sum f c c'.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pdt_evidence.models.nested import Blocks, Nested, row_order

__all__ = ["NestedDesign", "nest_design"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NestedDesign(Nested):
    """The rows of one regression, repeated for each point at which its likelihood is wanted.

    Attributes
    ----------
    Z : ndarray, shape (k, p + 1)
        Orthonormal columns that span X, and what they leave of y, in the axes of the V_j.
    """

    Z: Array

    def likelihood(self, sigma2: Array) -> tuple[Array, Array, Array]:
        """As `nested.likelihood`: shapes (s,), (s, 2), (s, 2, 2)."""
        x = sigma2[:, :1]
        spread = self.lam[:1] + sigma2[:, 1:]
        d = 1.0 / spread  # (s, k)
        powers = np.array([d, -d * d, 2 * d**3])  # d and its derivatives by the variance within
        A, Az, Azz = np.add.reduceat(powers * self.one[0] ** 2, self.starts, axis=2)  # (s, m)
        c = np.add.reduceat(powers[..., None] * (self.one[0, :, None] * self.Z), self.starts, axis=2)
        h = 1.0 / (1.0 + x * A)
        p, a, aa, xa = A * h, Az * h, Azz * h, x * Az * h
        logdet = np.array([-np.log(h), p, xa, -p * p, a * h, x * aa - xa * xa]).sum(axis=-1)
        logdet[[0, 2, 5]] += [np.log(spread).sum(1), d.sum(1), -(d * d).sum(1)]
        return _combine(logdet, _cross_products(self.Z, powers, c, x * h, h, (p, xa, x * aa)))

    def on_grid(self, between: Array, within: Array) -> Array:
        """As `nested.likelihood_on_grid`, for the one regression: (p, q, 1)."""
        values = np.empty((len(between), len(within), 1))
        for i, z in enumerate(within[:, 0]):
            pairs = np.column_stack([between[:, 0], np.full(len(between), z)])
            values[:, i, 0] = self.likelihood(pairs)[0]
        return values


def nest_design(yi: Array, X: Array, blocks: Blocks) -> NestedDesign:
    """Rotate the rows of a regression into the axes of their sampling covariance.

    Parameters
    ----------
    yi, X : ndarray, shapes (k,) and (k, p)
        X of full rank.
    blocks : list of (rows, V)
        As `nested.sampling_blocks` gives them.
    """
    Q = np.linalg.qr(X)[0]
    order, starts, moved = row_order(blocks, len(yi))
    columns = np.column_stack([np.ones(len(yi)), Q, yi - Q @ (Q.T @ yi)])[order]
    lam, turned = np.empty(len(yi)), np.empty_like(columns)
    for rows, V in moved:
        lam[rows], axes = np.linalg.eigh(V)
        turned[rows] = np.swapaxes(axes, -1, -2) @ columns[rows]
    one, y = turned[None, :, 0], turned[None, :, -1]
    return NestedDesign(starts, lam[None], one, y, np.ones((1, len(yi))), np.zeros(1), turned[:, 1:])


def _cross_products(
    Z: Array, powers: Array, c: Array, f: Array, h: Array, changes: tuple[Array, ...]
) -> Array:
    """G = Z'WZ and its derivatives by x (between), z (within), xx, xz, zz: (6, s, p + 1, p + 1).

    `changes` are A h, x Az h and x Azz h; h changes by -A h**2 with x and by -x Az h**2 with z, f = x h by
    h**2 and -x Az h f.
    """
    p, xa, xaa = changes
    outer = (Z[:, :, None] * Z[:, None, :]).reshape(len(Z), -1)
    G = np.zeros((6, len(h), c.shape[-1], c.shape[-1]))
    G[[0, 2, 5]] = (powers @ outer).reshape(3, *G.shape[1:])
    fx, fz = h * h, -f * xa
    # Halves of sums of products: each is added to its transpose.
    factors = [f, fx, fz, -2 * p * fx, -2 * xa * fx, f * (2 * xa * xa - xaa)]
    left = 0.5 * np.array(factors)[..., None] * c[0]
    left[2] += f[..., None] * c[1]
    left[4] += fx[..., None] * c[1]
    left[5] += 2 * fz[..., None] * c[1] + f[..., None] * c[2]
    half = np.swapaxes(left, -1, -2) @ c[0]
    half[5] += np.swapaxes(f[..., None] * c[1], -1, -2) @ c[1]
    return G - half - np.swapaxes(half, -1, -2)


def _combine(logdet: Array, G: Array) -> tuple[Array, Array, Array]:
    """Put -2 l = logdet + log|X'WX| + y'Py together, with first and second derivatives."""
    XWX = G[:, :, :-1, :-1]
    B = np.linalg.inv(XWX[0])
    beta = (B @ G[0, :, :-1, -1:])[..., 0]
    v = np.concatenate([-beta, np.ones((len(beta), 1))], axis=1)  # Zv is the residual
    Gv = (G @ v[..., None])[..., 0]
    BG = B @ XWX
    first = logdet + np.trace(BG, axis1=-2, axis2=-1) + (Gv * v).sum(-1)
    value = logdet[0] + np.linalg.slogdet(XWX[0])[1] + (Gv[0] * v).sum(-1)
    hessian = np.empty((len(v), 2, 2))
    for i, j, ij in ((1, 1, 3), (1, 2, 4), (2, 2, 5)):
        turned = (BG[i] * np.swapaxes(BG[j], -1, -2)).sum((-1, -2))
        bent = np.einsum("si,sij,sj->s", Gv[i, :, :-1], B, Gv[j, :, :-1])
        hessian[:, i - 1, j - 1] = hessian[:, j - 1, i - 1] = -0.5 * (first[ij] - turned - 2 * bent)
    return -0.5 * value, -0.5 * first[1:3].T, hessian
