"""Makes ``data/nest_gif.npz``: rates and intervals of ``gif_psc_exp`` of NEST, whose spikes are drawn by chance.

Run with NEST 3.10 (``pip install nest-simulator``), from this folder: ``python make_nest_gif.py``. Neurons with two
spike-triggered currents and two movements of the threshold, under constant currents; and under one current that
fluctuates, the same for all of them.
"""

import nest
import numpy as np

DT, LEVELS, NEURONS, DURATION = 0.1, (60.0, 110.0, 200.0), 600, 1000.0
PARAMETERS = {
    "C_m": 80.0, "g_L": 4.0, "E_L": -70.0, "V_reset": -55.0, "t_ref": 4.0, "V_T_star": -48.0, "Delta_V": 2.0,
    "lambda_0": 10.0, "tau_stc": [5.0, 100.0], "q_stc": [20.0, 10.0], "tau_sfa": [10.0, 80.0], "q_sfa": [5.0, 2.0],
}  # fmt: skip


def fluctuating():
    """A current for each millisecond (pA), of which 200 ms are repeated."""
    kicks = np.random.default_rng(7).normal(size=(200,))
    smooth = np.real(np.fft.ifft(np.fft.fft(kicks) / (1.0 + 10j * np.sin(np.pi * np.fft.fftfreq(200)) ** 2 * 20)))
    return np.round(110.0 + 60.0 * smooth / smooth.std(), 3)


def spikes_of(current, seed):
    """Steps and senders of all spikes."""
    nest.ResetKernel()
    nest.set(resolution=DT, rng_seed=seed)
    cells = nest.Create("gif_psc_exp", NEURONS, params=PARAMETERS)
    recorder = nest.Create("spike_recorder")
    nest.Connect(cells, recorder)
    if np.ndim(current):
        times = np.arange(1.0, DURATION)
        values = np.resize(current, times.size + 1)
        # a generator acts one step after it is switched, so that the current of each millisecond begins with it
        source = nest.Create(
            "step_current_generator", params={"amplitude_times": times - DT, "amplitude_values": values[1:]}
        )
        nest.Connect(source, cells, syn_spec={"delay": DT})
        cells.I_e = 0.0
    else:
        cells.I_e = current
    nest.Simulate(DURATION)
    events = recorder.events
    return np.rint(events["times"] / DT).astype(int), events["senders"] - cells[0].global_id


def main():
    nest.set_verbosity("M_ERROR")
    stored = {"levels": LEVELS, "neurons": NEURONS, "duration": DURATION, "current": fluctuating()}
    for number, level in enumerate(LEVELS):
        steps, senders = spikes_of(level, 11 + number)
        order = np.lexsort((steps, senders))
        steps, senders = steps[order], senders[order]
        intervals = np.diff(steps)[np.diff(senders) == 0]
        counts = np.bincount(senders, minlength=NEURONS)
        print(level, "pA:", 1000 * counts.mean() / DURATION, "Hz, CV", intervals.std() / intervals.mean())
        stored[f"counts/{number}"] = counts.astype(np.int16)
        stored[f"intervals/{number}"] = np.sort(intervals)[:: max(1, intervals.size // 4000)].astype(np.int16)
    steps, _senders = spikes_of(fluctuating(), 17)
    stored["rhythm"] = np.bincount(((steps - 1) // 100) % 200, weights=steps > 4000, minlength=200).astype(np.int32)
    print("fluctuating:", steps.size / NEURONS / DURATION * 1000, "Hz", stored["rhythm"].min(), stored["rhythm"].max())
    np.savez_compressed("data/nest_gif.npz", **stored)


if __name__ == "__main__":
    main()
