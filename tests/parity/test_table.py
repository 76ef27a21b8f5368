"""The table of this folder: complete, without repetitions, and every test that it names exists.

The public names of the reference are listed here, by the part of its documentation in which they stand.
"""

import ast
import re
from pathlib import Path

import pytest

import numbadyn as nd

HERE = Path(__file__).parent
TABLE, MISSING = ((HERE / "README.md").read_text(encoding="utf-8")).split("## Not taken over")

NAMES = {
    "Dynamics": """in_size out_size varshape size num current_inputs delta_inputs before_updates after_updates
        add_before_update add_after_update get_before_update get_after_update has_before_update has_after_update
        prefetch prefetch_delay output_delay align_pre __call__ update""",
    "hooks and lifecycle": """receive_update_output not_receive_update_output receive_update_input
        not_receive_update_input init_all_states reset_all_states vmap_init_all_states call_order call_all_fns
        EnvironContext node_to_exclude environ.set environ.context environ.get environ.get_dt environ.all environ.pop
        environ.reset environ.set_precision environ.get_precision""",
    "Prefetch": "Prefetch PrefetchDelay PrefetchDelayAt OutputDelayAt init_maybe_prefetch get_item get_item_value",
    "Delay": """Delay DelayAccess StateWithDelay target_info time init entries interpolation take_aware_unit
        update_every delay_method interp_method update_strategy aggregate_fn init_state reset_state register_delay
        register_entry access at retrieve_at_step retrieve_at_time max_length""",
    "interpolation": """InterpolationRegistry register get list_methods nearest round linear linear_interp cubic hermite
        polynomial2 polynomial3""",
    "inputs of dynamics": """add_current_input add_delta_input sum_current_inputs sum_delta_inputs get_input desc
        ParamDescriber identifier""",
    "neurons": """Neuron get_spike spk_fun spk_reset exp_euler_step IF LIF LIFRef ALIF ExpIF ExpIFRef AdExIF AdExIFRef
        QuaIF AdQuaIF AdQuaIFRef Gif GifRef CubaLIF CobaLIF HH MorrisLecar WangBuzsakiHH Izhikevich IzhikevichRef
        FitzHughNagumo HindmarshRose""",
    "synapses and outputs": """Synapse Expon DualExpon Alpha AMPA GABAa BioNMDA STP STD SynOut bind_cond unbind_cond
        COBA CUBA MgBlock""",
    "projections": """Projection AlignPost BindCondData AlignPostProj CurrentProj DeltaProj align_pre_projection
        align_post_projection SymmetryGapJunction AsymmetryGapJunction PoissonInput poisson_input OneToOneProj
        AllToAllProj PairwiseBernoulliProj FixedIndegreeProj FixedOutdegreeProj FixedTotalNumberProj PairwisePoissonProj
        SymmetricPairwiseBernoulliProj InputDelay""",
    "connections": """AllToAll OneToOne Linear ScaledWSLinear SignedWLinear SparseLinear LoRA EventLinear FixedNumConn
        EventFixedNumConn EventFixedProb CSR CSC FixedNumPerPre FixedNumPerPost BinaryArray""",
    "inputs and readouts": """SpikeTime PoissonSpike PoissonEncoder SectionInput ConstantInput StepInput RampInput
        SinusoidalInput OUProcessInput WienerProcessInput LeakyRateReadout""",
}


def cells(part):
    """The rows of a part of the page, without those that head a table."""
    found = [
        [cell.strip() for cell in line.strip("|\n").split(" | ")] for line in part.splitlines() if line[:2] == "| "
    ]
    return [row for row in found if row[0] not in ("reference", "name in the reference")]


def names_in(cell):
    """What stands in code in a cell."""
    return " ".join(re.findall(r"`([^`]*)`", cell))


ROWS, GAPS = cells(TABLE), cells(MISSING)


def functions(path):
    """Names of the tests of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test")}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_row(row):
    assert len(row) == 4
    reference, ours, decision, test = row
    assert reference
    assert ours
    assert decision in ("MATCH", "FIX", "ADD")
    file, name = re.fullmatch(r"`([\w/]+\.py)::(test_\w+)`", test).groups()
    assert name in functions(HERE.parent / file)


def test_no_row_stands_twice():
    first = [row[0] for row in [*ROWS, *GAPS]]
    assert sorted(first) == sorted(set(first))


@pytest.mark.parametrize("part", NAMES)
def test_every_name_of_the_reference_has_a_row(part):
    """Names are whole words of code in the first column."""
    words = " ".join(names_in(row[0]) for row in [*ROWS, *GAPS])
    missing = [name for name in NAMES[part].split() if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words)]
    assert missing == []


def test_no_name_is_listed_twice():
    listed = " ".join(NAMES.values()).split()
    assert sorted(listed) == sorted(set(listed))


def test_what_is_not_taken_over_is_not_there():
    """And what is there is not said to be missing."""
    for row in GAPS:
        assert len(row) == 2
        names = names_in(row[0]).split()
        assert names
        assert [name for name in names if hasattr(nd, name) or hasattr(nd.LIF, name)] == []


def test_every_name_with_a_row_of_its_own_is_there():
    """Public classes and functions of the reference that are not said to be missing can be imported from here."""
    gone = " ".join(names_in(row[0]) for row in GAPS).replace(",", " ").split()
    public = [name for name in " ".join(NAMES.values()).split() if name[0].isupper() and name not in gone]
    assert [name for name in public if not hasattr(nd, name)] == []


def test_every_test_of_this_folder_about_the_reference_is_in_a_file_of_the_table():
    named = {row[3].strip("`").split("::")[0] for row in ROWS}
    files = {f"parity/{path.name}" for path in HERE.glob("test_*.py")}
    assert files - named - {"parity/test_table.py", "parity/test_docstrings.py"} == set()
