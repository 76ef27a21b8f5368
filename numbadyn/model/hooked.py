"""Modules with hooks: functions that run before and after each update.

In: functions under keys.  Out: the functions, in the order of their registration.  Must not know: when they run.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from numbadyn.errors import HookArgumentError, HookKeyError, MissingHookError
from numbadyn.model.hooks import carried
from numbadyn.model.module import Module

__all__ = ["HookedModule"]


class HookedModule(Module):
    """A module that others can hang functions on.

    Parameters
    ----------
    name : str, optional
        Name shown in messages and results.
    """

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)
        self._before: dict[Hashable, Callable[..., Any]] = {}
        self._after: dict[Hashable, Callable[..., Any]] = {}

    @property
    def before_updates(self) -> dict[Hashable, Callable[..., Any]] | None:
        """The functions that run before each update.

        Returns
        -------
        dict or None
            By key, in the order in which they run; None if there is none.

        Examples
        --------
        >>> import numbadyn as nd
        >>> cells = nd.LIF(2)
        >>> cells.before_updates is None
        True
        >>> cells.add_before_update("count", lambda *output: None)
        >>> list(cells.before_updates)
        ['count']
        """
        return self._before or None

    @property
    def after_updates(self) -> dict[Hashable, Callable[..., Any]] | None:
        """The functions that run after each update.

        Returns
        -------
        dict or None
            By key, in the order in which they run; None if there is none.

        Examples
        --------
        >>> import numbadyn as nd
        >>> cells = nd.LIF(2)
        >>> cells.after_updates is None
        True
        >>> cells.add_after_update("count", lambda *output: None)
        >>> list(cells.after_updates)
        ['count']
        """
        return self._after or None

    def _add_hook(self, hooks: dict[Hashable, Any], when: str, key: Hashable, fun: Any) -> None:
        if not isinstance(key, Hashable):
            raise HookKeyError(
                f"{key!r} is no key of a hook.",
                where=self.path,
                cure="Give a string or another hashable value.",
                key=key,
            )
        if key in hooks:
            raise HookKeyError(
                f"{self.path} already has {when}-hook {key!r}.",
                where=self.path,
                cure="Choose another key.",
                when=when,
                key=key,
            )
        if not callable(fun):
            raise HookArgumentError(
                f"{when}-hook {key!r} of {self.path} is {fun!r}, which cannot be called.",
                where=self.path,
                cure="Give a function or an object with __call__.",
                when=when,
                key=key,
                fun=fun,
            )
        hooks[key] = fun

    def add_before_update(self, key: Hashable, fun: Callable[..., Any], *, receive_input: bool | None = None) -> None:
        """Run a function before each update.

        Parameters
        ----------
        key : hashable
            Name of the hook.
        fun : callable
            Called without arguments, or with those of `update` if it is marked with `receive_update_input`.
        receive_input : bool, optional
            Decides that at this registration, whatever the mark.

        Raises
        ------
        HookKeyError
            The key is taken, or cannot be hashed; it is a `KeyError`.
        HookArgumentError
            `fun` cannot be called.

        Examples
        --------
        >>> import numbadyn as nd
        >>> cells = nd.LIF(2)
        >>> cells.add_before_update("count", lambda: None)
        >>> cells.add_before_update("watch", lambda *inputs: None, receive_input=True)
        >>> list(cells.before_updates)
        ['count', 'watch']
        """
        self._add_hook(self._before, "before", key, fun if receive_input is None else _Registered(fun, receive_input))

    def add_after_update(self, key: Hashable, fun: Callable[..., Any], *, receive_output: bool | None = None) -> None:
        """Run a function after each update.

        Parameters
        ----------
        key : hashable
            Name of the hook.
        fun : callable
            Called with the value of `update`, or without arguments if it is marked with `not_receive_update_output`.
        receive_output : bool, optional
            Decides that at this registration, whatever the mark.

        Raises
        ------
        HookKeyError
            The key is taken, or cannot be hashed; it is a `KeyError`.
        HookArgumentError
            `fun` cannot be called.

        Examples
        --------
        >>> import numbadyn as nd
        >>> cells = nd.LIF(2)
        >>> cells.add_after_update("watch", lambda spikes: None)
        >>> cells.add_after_update("count", lambda: None, receive_output=False)
        >>> list(cells.after_updates)
        ['watch', 'count']
        """
        self._add_hook(self._after, "after", key, fun if receive_output is None else _Registered(fun, receive_output))

    def _get_hook(self, hooks: dict[Hashable, Any], when: str, key: Hashable) -> Callable[..., Any]:
        if key not in hooks:
            known = ", ".join(repr(k) for k in hooks) or "none"
            raise MissingHookError(
                f"{self.path} has no {when}-hook {key!r}.",
                where=self.path,
                cure=f"Registered are: {known}.",
                when=when,
                key=key,
            )
        hook: Callable[..., Any] = hooks[key]
        return hook.fun if isinstance(hook, _Registered) else hook

    def get_before_update(self, key: Hashable) -> Callable[..., Any]:
        """The before-hook of a key.

        Parameters
        ----------
        key : hashable
            Its name.

        Returns
        -------
        callable
            The function that was registered.

        Raises
        ------
        MissingHookError
            There is none; it is a `KeyError`.

        Examples
        --------
        >>> import numbadyn as nd
        >>> cells = nd.LIF(2)
        >>> cells.add_before_update("count", print)
        >>> cells.get_before_update("count") is print
        True
        """
        return self._get_hook(self._before, "before", key)

    def get_after_update(self, key: Hashable) -> Callable[..., Any]:
        """The after-hook of a key.

        Parameters
        ----------
        key : hashable
            Its name.

        Returns
        -------
        callable
            The function that was registered.

        Raises
        ------
        MissingHookError
            There is none; it is a `KeyError`.

        Examples
        --------
        >>> import numbadyn as nd
        >>> cells = nd.LIF(2)
        >>> cells.add_after_update("count", print)
        >>> cells.get_after_update("count") is print
        True
        """
        return self._get_hook(self._after, "after", key)

    def has_before_update(self, key: Hashable) -> bool:
        """Whether there is a before-hook of a key.

        Parameters
        ----------
        key : hashable
            Its name.

        Returns
        -------
        bool

        Examples
        --------
        >>> import numbadyn as nd
        >>> cells = nd.LIF(2)
        >>> cells.add_before_update("count", print)
        >>> cells.has_before_update("count"), cells.has_before_update("other")
        (True, False)
        """
        return key in self._before

    def has_after_update(self, key: Hashable) -> bool:
        """Whether there is an after-hook of a key.

        Parameters
        ----------
        key : hashable
            Its name.

        Returns
        -------
        bool

        Examples
        --------
        >>> import numbadyn as nd
        >>> cells = nd.LIF(2)
        >>> cells.add_after_update("count", print)
        >>> cells.has_after_update("count"), cells.has_after_update("other")
        (True, False)
        """
        return key in self._after


class _Registered:
    """A hook with its arguments decided at registration."""

    def __init__(self, fun: Any, receives: bool) -> None:
        self.fun = fun
        self._receives_update_input = receives
        self._receives_no_update_output = not receives

    @property
    def modules(self) -> tuple[Any, ...]:
        """Modules that the function carries."""
        if isinstance(self.fun, Module):
            return (self.fun,)
        return carried(self.fun)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.fun(*args, **kwargs)
