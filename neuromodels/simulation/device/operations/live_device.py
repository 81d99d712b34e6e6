"""What stands behind Brian2's variables while a program has their values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from brian2.core.variables import ArrayVariable
from brian2.devices.device import RuntimeDevice

#: Is told of a variable before anybody looks at it.
Told = Callable[[ArrayVariable], None]


class LiveDevice(RuntimeDevice):
    """A runtime device that tells whenever somebody looks at a variable, or changes it.

    Parameters
    ----------
    stock
        The device that keeps the values.
    look
        Is told of a variable before it is read or changed in place.
    resize
        Is told of one before its size changes; fill: of one that gets other values.
    """

    def __init__(self, stock: RuntimeDevice, look: Told, resize: Told, fill: Told):
        self.__dict__.update(stock.__dict__)
        self.stock = stock
        self._look, self._resize, self._fill = look, resize, fill

    def get_value(self, var: ArrayVariable, access_data: bool = True) -> Any:
        if access_data:
            self._look(var)
        return self.stock.get_value(var, access_data)

    def fill_with_array(self, var: ArrayVariable, arr: Any) -> None:
        self._fill(var)
        self._look(var)
        self.stock.fill_with_array(var, arr)

    def resize(self, var: ArrayVariable, new_size: int) -> None:
        self._resize(var)
        self.stock.resize(var, new_size)

    def resize_along_first(self, var: ArrayVariable, new_size: Any) -> None:
        self._resize(var)
        self.stock.resize_along_first(var, new_size)


@contextmanager
def told_of(variables: Iterable[ArrayVariable], look: Told, resize: Told, fill: Told) -> Iterator:
    """Be told of each look at one of the variables during the block."""
    before = [(variable, variable.device) for variable in variables]
    devices = {id(stock): LiveDevice(stock, look, resize, fill) for _, stock in before}
    for variable, stock in before:
        variable.device = devices[id(stock)]
    try:
        yield
    finally:
        for variable, stock in before:
            variable.device = stock


def stock_device(variable: ArrayVariable) -> RuntimeDevice:
    """Return the device that keeps the values of a variable."""
    device = variable.device
    return device.stock if isinstance(device, LiveDevice) else device
