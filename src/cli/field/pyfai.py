# SPDX-License-Identifier: BSD-3-Clause
"""pyFAI, azimuthal integration of the sum of all frames: by how much of its sigma (Poisson) does I(q) change?"""
BINS = 100


def load():
    import pyFAI
    from pyFAI.azimuthalIntegrator import AzimuthalIntegrator
    return locals()


def curve_of(integrator, frames):
    total = sum(frames)  # NaN where any of them is
    return integrator.integrate1d(np.nan_to_num(total), BINS, mask=~np.isfinite(total), error_model="poisson", unit="q_nm^-1",
                                  method=("bbox", "csr", "cython"))


def work(tools, folder, mask, facts):
    names = ("poni1", "poni2", "rot1", "rot2", "rot3", "pixel1", "pixel2", "wavelength")
    integrator = tools["AzimuthalIntegrator"](dist=facts["distance"], **{name: facts[name] for name in names})
    a, b = (curve_of(integrator, frames_of(folder, name, mask, facts)) for name in ("reference", "test"))
    use = (a.sigma > 0) & np.isfinite(a.intensity) & np.isfinite(b.intensity)
    if not use.any():
        raise ValueError("I(q) has no bin with a sigma")
    change = ((b.intensity - a.intensity) / np.where(use, a.sigma, 1))[use]
    worst = np.argmax(np.abs(change))
    return {"version": f"pyFAI {tools['pyFAI'].version}", "figures": [
        figure("bins", "bins", use.sum(), (b.sigma > 0).sum()),
        figure("intensity", "mean of I(q)", a.intensity[use].mean(), b.intensity[use].mean()),
        figure("change", "mean over bins, in sigma", 0, change.mean()),
        figure("scatter", "rms over bins, in sigma", 0, np.sqrt(np.mean(change ** 2))),
        figure("largest_change", "in sigma", 0, change[worst]),
        figure("largest_change_at", "q (1/nm)", a.radial[use][worst], a.radial[use][worst])]}
