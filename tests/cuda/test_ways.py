"""The CUDA target in Numba's simulator: ways to launch, fast sums, full buffers, what is refused, what is not lost."""

import numpy as np
import pytest
from quantities import ms, mV

import numbadyn as nd
from numbadyn.errors import DeviceLostError, DeviceMemoryError, TargetError, UnsupportedFeatureError
from numbadyn.runtime.cuda import logs as cuda_logs
from numbadyn.runtime.cuda import machine as cuda_machine
from numbadyn.runtime.cuda.device import Device, SimulatedDriverError
from numbadyn.runtime.cuda.machine import CudaMachine
from numbadyn.runtime.forecast import expected_bytes
from tests.cuda.networks import NETWORKS
from tests.features.agreement import assert_same, recorded, states_and_spikes

pytestmark = pytest.mark.cudasim

DURATION = 4 * ms


def simulator(network, target="cuda", **options):
    sim = nd.Simulator(network(), dt=0.1 * ms, seed=5, target=target, **options)
    states_and_spikes(sim)
    return sim


def run(network, target="cuda", duration=DURATION, **options):
    return simulator(network, target, **options).run(duration, progress=False)


def test_bits_of_the_interpreter():
    assert_same(run(NETWORKS["cells"], reproducible=True), run(NETWORKS["cells"], "interpret"))


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("launch", ["persistent", "single"])
def test_all_ways_of_launching_give_the_same(launch, exact):
    found = recorded(run(NETWORKS["nested"], duration=10 * ms, launch=launch, reproducible=exact))
    expected = recorded(run(NETWORKS["nested"], "interpret", 10 * ms))
    assert sum(values.size for name, values in expected.items() if "indices" in name) > 5
    for name, values in expected.items():
        if "spike" in name:
            np.testing.assert_array_equal(found[name], values, err_msg=name)
        else:
            np.testing.assert_allclose(found[name], values, rtol=1e-12, atol=1e-12, err_msg=name)


def test_the_fast_way_keeps_spikes_in_order():
    result = run(NETWORKS["nested"], duration=10 * ms)
    for name, indices in recorded(result).items():
        if name.endswith("spike indices"):
            steps = recorded(result)[name.replace("indices", "steps")]
            assert np.all(np.diff(steps * 1000 + indices) > 0)


def test_full_buffers_lose_nothing(monkeypatch):
    expected = run(NETWORKS["nested"], "interpret", 20 * ms)
    monkeypatch.setattr(cuda_logs, "_SPIKES", 1)  # room for one step in which everybody fires
    for launch in ("persistent", "single"):
        sim = simulator(NETWORKS["nested"], reproducible=True, launch=launch)
        ended = []
        collect = cuda_logs.LaunchLogs.collect
        monkeypatch.setattr(
            cuda_logs.LaunchLogs, "collect", lambda logs, real=collect, to=ended: to.append(real(logs)) or to[-1]
        )
        assert_same(sim.run(20 * ms, progress=False), expected)
        assert 1 in [status for ((_step, status, _bad),) in ended]
        monkeypatch.setattr(cuda_logs.LaunchLogs, "collect", collect)


def test_little_room_for_samples_makes_short_launches(monkeypatch):
    monkeypatch.setattr(cuda_logs, "_SAMPLE_BYTES", 200)
    assert_same(run(NETWORKS["pair"], reproducible=True), run(NETWORKS["pair"], "interpret"))


def test_synapse_tables_are_copied_once(monkeypatch):
    sim = simulator(NETWORKS["pair"], reproducible=True)
    sim.run(1 * ms, progress=False)
    sizes, copy = [], Device.to_device
    monkeypatch.setattr(Device, "to_device", lambda device, array: sizes.append(array.nbytes) or copy(device, array))
    sim.run(1 * ms, progress=False)
    table = sim.tables[0]
    assert not isinstance(table.targets, np.ndarray)
    assert len(sizes) < 20  # tables of rows and logs, but nothing that belongs to a synapse


def test_edges_of_a_network_are_those_of_the_processor():
    cuda, cpu = (simulator(NETWORKS["pair"], target) for target in ("cuda", "cpu"))
    for there, here in zip(cuda.tables, cpu.tables, strict=True):
        back = there.to_host()
        for name in ("delays", "offsets", "targets", "weights"):
            np.testing.assert_array_equal(getattr(back, name), getattr(here, name))


def test_a_lost_device_keeps_what_was_recorded(monkeypatch):
    sim = simulator(NETWORKS["pair"], reproducible=True)
    sim.run(1 * ms, progress=False)
    waits = []

    def wait(device, event):
        waits.append(event)
        if len(waits) > 5:
            with device.watched():
                raise SimulatedDriverError("CUDA_ERROR_ECC_UNCORRECTABLE")

    monkeypatch.setattr(Device, "wait", wait)
    with pytest.raises(DeviceLostError, match="ECC_UNCORRECTABLE") as caught:
        sim.run(1000 * ms, progress=False)
    kept = caught.value.result
    expected = run(NETWORKS["pair"], "interpret", 20 * ms)
    steps = kept["pair.E"].V.shape[0]
    assert steps == kept.last - kept.first > 0
    np.testing.assert_array_equal(kept["pair.E"].V.magnitude, expected["pair.E"].V.magnitude[10 : 10 + steps])
    assert "cure" in str(caught.value)


def test_an_interrupted_chunk_leaves_clock_and_states_in_step(monkeypatch):
    sim, whole = simulator(NETWORKS["pair"], reproducible=True), simulator(NETWORKS["pair"], "interpret")
    sim.run(1 * ms, progress=False)
    wait, waits = Device.wait, []

    def interrupted(device, event):
        waits.append(event)
        if len(waits) == 2:
            raise KeyboardInterrupt
        wait(device, event)

    monkeypatch.setattr(Device, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sim.run(20 * ms, progress=False)
    monkeypatch.setattr(Device, "wait", wait)
    reached = round(float(sim.t.rescale(ms).magnitude) / 0.1)
    assert 10 < reached < 210
    whole.run(reached * 0.1 * ms, progress=False)
    np.testing.assert_array_equal(sim.get(sim.network.E, "V"), whole.get(whole.network.E, "V"))


@pytest.mark.parametrize("bits", [64, 32])
def test_too_little_memory_is_forecast(monkeypatch, bits):
    monkeypatch.setattr(Device, "free_bytes", property(lambda device: 1000))
    sim = simulator(NETWORKS["pair"], precision=bits)
    with pytest.raises(DeviceMemoryError) as caught:
        sim.run(1 * ms)
    text = str(caught.value)
    assert "pair" in text
    assert "GB free" in text
    assert "target='cpu'" in text
    assert ("precision=32" in text) == (bits == 64)


def test_too_little_memory_for_states_is_forecast(monkeypatch):
    monkeypatch.setattr(Device, "free_bytes", property(lambda device: 60 << 20))
    with pytest.raises(DeviceMemoryError, match="states and histories"):
        run(NETWORKS["pair"])


def test_too_little_memory_for_a_table_is_forecast(monkeypatch):
    table = nd.Playback(np.zeros((10_000_000, 10), np.int8), dt=0.1 * ms)
    sim = nd.Simulator(table, dt=0.1 * ms, target="cuda").compile()
    table.timed.values = np.zeros((30_000_000, 10), np.int8)
    monkeypatch.setattr(Device, "free_bytes", property(lambda device: 200 << 20))
    with pytest.raises(DeviceMemoryError, match=r"tables 0\.30 GB"):
        sim.run(1 * ms, progress=False)


def test_too_little_memory_for_what_is_recorded_is_forecast(monkeypatch):
    sim = simulator(NETWORKS["population"]).compile()
    monkeypatch.setattr(Device, "free_bytes", property(lambda device: 1000))
    with pytest.raises(DeviceMemoryError, match=r"(?s)The logs of what is recorded .* Record fewer elements"):
        sim.run(1 * ms, progress=False)
    monkeypatch.setattr(Device, "free_bytes", property(lambda device: 1 << 20))
    assert sim.run(1 * ms, progress=False).last == 10


def test_arguments_are_checked():
    with pytest.raises(TargetError, match="launch is 'rocket'"):
        simulator(NETWORKS["pair"], launch="rocket")


def test_what_a_simulator_tells():
    sim = simulator(NETWORKS["pair"])
    assert "@kernel\ndef run(" in sim.source
    assert "pair.E2I" in sim.explain()
    assert sim.compile().seconds["compile"] > 0
    sim.run(2 * ms, progress=False)
    potentials = sim.get(sim.network.E, "V")
    sim.set(sim.network.E, "V", -70 * mV)
    assert (sim.get(sim.network.E, "V") == -70 * mV).all()
    sim.reset()
    sim.run(2 * ms, progress=False)
    np.testing.assert_allclose(sim.get(sim.network.E, "V").magnitude, potentials.magnitude, rtol=1e-12)


# ---- batches ---------------------------------------------------------------------------------------------------------


def batch(network, target="cuda", **options):
    sim = nd.Simulator(network(), dt=0.1 * ms, seed=[5, 9, 2], batch=3, target=target, **options)
    states_and_spikes(sim)
    return sim


def test_replicas_that_are_launched_one_by_one_or_in_short_launches(monkeypatch):
    """A block for each replica or launches of many: which it is, and how long launches are, is not seen in results."""
    expected = batch(NETWORKS["nested"], "interpret").run(10 * ms, progress=False)
    for launch, spikes in (("single", 1 << 20), ("persistent", 1)):
        monkeypatch.setattr(cuda_logs, "_SPIKES_OF_BATCH", spikes)
        found = batch(NETWORKS["nested"], reproducible=True, launch=launch).run(10 * ms, progress=False)
        for number in range(3):
            assert_same(found.replica(number), expected.replica(number))


def test_the_fast_way_of_a_batch_is_close():
    expected = batch(NETWORKS["pair"], "interpret").run(DURATION, progress=False)
    found = batch(NETWORKS["pair"]).run(DURATION, progress=False)
    for number in range(3):
        own = recorded(found.replica(number))
        for name, values in recorded(expected.replica(number)).items():
            np.testing.assert_allclose(own[name], values, rtol=1e-12, atol=1e-12, err_msg=name)


def test_memory_of_a_batch_is_forecast(monkeypatch):
    sims = [simulator(NETWORKS["pair"]).compile(), batch(NETWORKS["pair"]).compile()]
    room = {}
    monkeypatch.setattr(CudaMachine, "_check_room", lambda machine, logs: room.update({len(machine.replicas): logs}))
    for sim in sims:
        sim.run(1 * ms, progress=False)
    assert room[3] > 3 * room[1]

    def make():
        return batch(NETWORKS["pair"])

    synapses = expected_bytes(make().step.connections[0].rule, 64, delayed=False)
    monkeypatch.setattr(Device, "free_bytes", property(lambda device: 2 * synapses))
    with pytest.raises(DeviceMemoryError, match="The synapses of pair"):
        make().compile()


def test_more_replicas_than_a_device_can_number_are_refused(monkeypatch):
    monkeypatch.setattr(cuda_machine, "_MOST_REPLICAS", 2)
    with pytest.raises(UnsupportedFeatureError, match="A batch of 3 replicas is more than a GPU can number"):
        batch(NETWORKS["pair"]).compile()
