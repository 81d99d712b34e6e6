"""Take every code object that a network would run, translated but not executed.

Brian2 prepares a run by asking the active device for one code object after the other.  During that
preparation a recording device replaces the active one: it lets Brian2 translate each piece of
abstract code and keeps the result, in the order of the network's schedule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from typing import Any

from brian2.codegen.codeobject import CodeObject, create_runner_codeobj
from brian2.codegen.runtime.numpy_rt import NumpyCodeObject
from brian2.core.base import BrianObjectException
from brian2.core.clocks import BaseClock
from brian2.core.names import find_name
from brian2.core.network import Network
from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject
from brian2.devices.device import RuntimeDevice
from brian2.synapses.synapses import Synapses, SynapticPathway
from brian2.units.fundamentalunits import Quantity

from neuromodels.errors import DeclarationError, UnsupportedFeature
from neuromodels.simulation.build.memo_keys import quick_keys
from neuromodels.simulation.build.solved_equations import remembered_solutions
from neuromodels.simulation.capture.messages import discarding, explaining
from neuromodels.simulation.capture.noise_names import Identities
from neuromodels.simulation.capture.own_functions import Support
from neuromodels.simulation.capture.python_code import (
    OPERATION,
    is_operation,
    refuse_mixture,
    refuse_python,
)
from neuromodels.simulation.capture.sums import check_sum
from neuromodels.simulation.capture.translation import BatchCodeGenerator, Block
from neuromodels.simulation.capture.undisturbed import undisturbed_translation

#: The module; the package has an attribute of the same name that is something else.
brian_devices: Any = import_module("brian2.devices.device")

#: What the device can render, by Brian2's name for the kind of code object.
TEMPLATES = (
    "stateupdate",
    "threshold",
    "reset",
    "summed_variable",
    "synapses",
    "spikegenerator",
    "spikemonitor",
    "statemonitor",
    "ratemonitor",
)

#: Kinds that are not rendered: here spikes reach a pathway without a queue.
SILENT_TEMPLATES = ("synapses_push_spikes",)


#: How kinds of code begin that runs at once: a `before_run` of a user's own may set variables.
AT_ONCE = ("group_", "synapses_create")


class BatchCodeObject(CPPStandaloneCodeObject):
    """A translated code object; never compiled on its own."""

    generator_class = BatchCodeGenerator
    class_name = "neuromodels_batch"

    #: Returns the same code for numpy, for calls outside of a run.
    stepwise: Callable[[], CodeObject]

    def compile(self) -> None:
        """Do nothing: the whole network is compiled at once."""

    def before_run(self) -> None:
        """Do nothing."""

    def run(self) -> None:
        """Do nothing."""

    def after_run(self) -> None:
        """Do nothing."""

    def __call__(self, **variables: Any) -> Any:
        """Run once, now, as `StateMonitor.record_single_timestep` wants it."""
        return self.stepwise()(**variables)


@dataclass(frozen=True)
class Captured:
    """One code object in the schedule.

    Parameters
    ----------
    name
        Of the object in the schedule.
    noise
        The identity of its random numbers.
    template
        Brian2's name for its kind.
    owner, runner
        The group whose variables it uses; the object in the schedule (a group for an initial
        value).
    scalar, vector
        Statements before the loop and inside it.
    """

    name: str
    noise: str
    template: str
    owner: Any
    runner: Any
    clock: BaseClock
    scalar: Block
    vector: Block
    variables: Mapping[str, Any]
    options: Mapping[str, Any]
    support: Support


class RecordingDevice(RuntimeDevice):
    """Replaces the runtime device during a capture and records the code objects it is asked for."""

    def __init__(self, runtime: RuntimeDevice):
        self.__dict__.update(runtime.__dict__)
        self.runtime = runtime
        self.recorded: dict[str, tuple[BatchCodeObject, dict]] = {}

    def code_object_class(self, codeobj_class=None, fallback_pref=None):
        return BatchCodeObject

    def code_object(
        self,
        owner,
        name,
        abstract_code,
        variables,
        template_name,
        variable_indices,
        codeobj_class=None,
        template_kwds=None,
        override_conditional_write=None,
        compiler_kwds=None,
    ):
        more = (NumpyCodeObject, template_kwds, override_conditional_write)
        if template_name.startswith(AT_ONCE):
            given = (owner, name, abstract_code, variables, template_name, variable_indices)
            return self.runtime.code_object(*given, *more)
        name = find_name(name, self.recorded)
        template = getattr(BatchCodeObject.templater, template_name)
        generator = BatchCodeGenerator(
            variables=variables,
            variable_indices=variable_indices,
            owner=owner,
            iterate_all=template.iterate_all,
            codeobj_class=BatchCodeObject,
            name=name,
            template_name=template_name,
            override_conditional_write=override_conditional_write,
            allows_scalar_write=template.allows_scalar_write,
        )
        fields = {**_statements_of(generator, abstract_code), "owner": owner}
        fields["options"] = dict(template_kwds or {})
        code = BatchCodeObject(
            owner,
            None,
            variables,
            variable_indices,
            template_name=template_name,
            template_source=template.template_source,
            name=name,
            compiler_kwds={},
        )
        once = (f"{name}_once", abstract_code, variables, template_name, variable_indices)
        code.stepwise = partial(self.runtime.code_object, owner, *once, *more)
        self.recorded[name] = (code, fields)
        return code


def _statements_of(generator: BatchCodeGenerator, abstract_code: Any) -> dict[str, Any]:
    """Return Brian2's own translation of a code object: statements, and what they use."""
    scalar, vector, used = generator.translate(abstract_code, dtype=float)
    return {"scalar": scalar[None], "vector": vector[None], **used}


@contextmanager
def recording() -> Iterator[RecordingDevice]:
    """Make a recording device the active one during the block."""
    runtime = brian_devices.active_device
    if not isinstance(runtime, RuntimeDevice):
        raise UnsupportedFeature(
            "Batch.device",
            "the network must be set up on Brian2's runtime device",
            type(runtime).__name__,
            "Call brian2.set_device('runtime') before making groups.",
        )
    device = RecordingDevice(runtime)
    brian_devices.active_device = device
    try:
        with undisturbed_translation(), quick_keys():
            yield device
    finally:
        brian_devices.active_device = runtime


def capture(network: Network, namespace: Mapping[str, Any]) -> list[Captured]:
    """Return the code objects of a network in the order in which a step runs them.

    Raises
    ------
    EquationError
        Where an equation cannot be read, with its text.
    UnsupportedFeature
        Where an object has no counterpart here; names the object.
    """
    for runner in network.sorted_objects:
        _check_connected(runner)
        refuse_python(runner)
    with discarding(network.objects), explaining(network), remembered_solutions():
        captured = prepare_run(network, namespace, network.t)
    _forget_queues(network)
    return captured


def prepare_run(network: Network, namespace: Mapping[str, Any], until: Quantity) -> list[Captured]:
    """Prepare a run as Brian2 does and return its code objects; errors are Brian2's own.

    Python code of the user is among them, as a code object of the template ``"operation"``.

    Parameters
    ----------
    until
        The time at which the run will end.
    """
    for runner in network.sorted_objects:
        _check_supported(runner)
    _forget_queues(network)
    with recording() as device:
        network._clocks = {runner.clock for runner in network.sorted_objects}
        for clock in network._clocks:
            # Another network may have left the default clock at its own time.
            clock.set_interval(network.t, until)
        network.before_run(dict(namespace))
        captured = list(_collect_scheduled(network, device))
        for runner in network.sorted_objects:
            if runner.active and isinstance(runner, SynapticPathway):
                _prepare_queue(runner)
        return captured


def _prepare_queue(pathway: SynapticPathway) -> None:
    try:
        pathway.initialise_queue()
    except Exception as error:  # the words of `Network.before_run`
        text = "An error occurred when preparing an object."
        raise BrianObjectException(text, pathway) from error


def _forget_queues(network: Network) -> None:
    """Let each run generate its own code for spike queues: Brian2 would keep another device's."""
    for runner in network.sorted_objects:
        if isinstance(runner, SynapticPathway):
            runner._pushspikes_codeobj = None


def _check_supported(runner: Any) -> None:
    method = getattr(runner, "method_choice", None)
    if "gsl" in str(method).lower():
        raise UnsupportedFeature(
            runner.name,
            "equations must be solved by a method that needs no library",
            method,
            "Choose 'exponential_euler', 'rk4' or another of Brian2's own methods.",
        )


def _check_connected(runner: Any) -> None:
    if isinstance(runner, Synapses) and not runner._connect_called:
        raise DeclarationError(
            runner.name,
            "synapses must be connected before they run",
            "none",
            "Call connect(), with condition='False' for none at all.",
        )


def _collect_scheduled(network: Network, device: RecordingDevice) -> Iterator[Captured]:
    identities = Identities(network)
    for runner in network.sorted_objects:
        if not runner.active:
            continue
        if is_operation(runner):
            yield _operation(runner, identities.of(runner.name))
            continue
        for proxy in runner.code_objects:
            code, fields = device.recorded[proxy.name]
            if code.template_name in SILENT_TEMPLATES:
                continue
            yield _capture_one(code, fields, runner, identities.of(runner.name))


def _operation(runner: Any, noise: str) -> Captured:
    """Return the place of Python code in the schedule; nobody translates it."""
    refuse_mixture(runner)
    return Captured(
        name=runner.name,
        noise=noise,
        template=OPERATION,
        owner=None,
        runner=runner,
        clock=runner.clock,
        scalar=Block(),
        vector=Block(),
        variables={},
        options={},
        support=Support(),
    )


def _capture_one(code: BatchCodeObject, fields: dict, runner: Any, noise: str) -> Captured:
    if code.template_name == "spatialstateupdate":
        raise UnsupportedFeature(
            runner.group.name,
            "neurons must have one compartment",
            "SpatialNeuron",
            "Use Brian2's runtime or cpp_standalone device for this network.",
        )
    if code.template_name not in TEMPLATES:
        raise unknown_template(runner.name, code.template_name)
    if code.template_name == "summed_variable":
        check_sum(runner.name, fields["options"]["_target_var"], fields["vector"])
    return Captured(
        name=runner.name,
        noise=noise,
        template=code.template_name,
        runner=runner,
        clock=runner.clock,
        variables=code.variables,
        **fields,
    )


def unknown_template(name: str, template: str) -> UnsupportedFeature:
    """Return the error of an object that the device cannot render."""
    return UnsupportedFeature(
        name,
        f"the batch device covers {', '.join(TEMPLATES)}",
        template,
        "Use Brian2's runtime or cpp_standalone device for this object.",
    )


def capture_initial(
    group: Any,
    variable: str,
    expression: str,
    number: int,
    namespace: Mapping[str, Any],
    identities: Identities,
) -> Captured:
    """Return the code that sets a variable of `group` from an expression.

    Raises
    ------
    EquationError
        Where the expression cannot be read or has another unit than the variable.
    """
    name = f"{group.name}_{variable}_initial_{number}"
    with recording() as device, explaining(group):
        code = create_runner_codeobj(
            group,
            f"{variable} = {expression}",
            "stateupdate",
            run_namespace=dict(namespace),
            name=name,
        )
    noise = f"{identities.of(group.name)}_{variable}_initial_{number}"
    return replace(_capture_one(code, device.recorded[code.name][1], group, noise), name=name)
