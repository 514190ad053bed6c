"""``quantum-async devices``."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import anyio
from rich.console import Console

from quantum_async.cli.clients import from_environment
from quantum_async.cli.session import ExitCode, complain, dump, exit_code, failure
from quantum_async.display.tables import print_table
from quantum_async.errors import AuthenticationError, ConfigurationError, QuantumAsyncError
from quantum_async.providers.base import provider, providers

if TYPE_CHECKING:
    from quantum_async.cli.session import Document
    from quantum_async.models.device import Device
    from quantum_async.providers.base import ProviderClient


@dataclass
class _Listing:
    """What a provider answered.

    Args:
        provider: Its registry name.
        devices: Its devices.
        error: Why there are none.
        is_configured: Whether the environment has what it needs.
    """

    provider: str
    devices: list[Device]
    error: QuantumAsyncError | None = None
    is_configured: bool = True


async def devices(name: str | None, *, json: bool, debug: bool) -> ExitCode:
    """List the devices of every provider that the environment configures.

    Args:
        name: Only this provider; then it is an error if it is not configured.
        json: Print a document instead of a table.
        debug: Show tracebacks.

    Raises:
        UnknownTargetError: There is no such provider.
    """
    found = providers() if name is None else {name: provider(name)}
    listings = [_Listing(provider, []) for provider in found]
    async with anyio.create_task_group() as tasks:
        for listing in listings:
            tasks.start_soon(_ask, listing, found[listing.provider])
    if json:
        sys.stdout.write(dump(_document(listings)) + "\n")
    else:
        _show(listings, is_one=name is not None)
    wrong = [
        listing.error
        for listing in listings
        if listing.error is not None and (listing.is_configured or name is not None)
    ]
    for error in wrong:
        complain(error, debug=debug)
    return exit_code(ExceptionGroup("", wrong)) if wrong else ExitCode.OK


async def _ask(listing: _Listing, kind: type[ProviderClient]) -> None:
    try:
        client = from_environment(kind)
    except (AuthenticationError, ConfigurationError) as error:
        listing.error, listing.is_configured = error, False
        return
    try:
        async with client:
            listing.devices = await client.devices()
    except QuantumAsyncError as error:
        listing.error = error


def _document(listings: list[_Listing]) -> Document:
    return {
        "providers": [
            {
                "provider": listing.provider,
                "configured": listing.is_configured,
                "error": failure(listing.error),
                "devices": [_device(device) for device in listing.devices],
            }
            for listing in listings
        ]
    }


def _device(device: Device) -> Document:
    fields = asdict(device)
    del fields["specification"]
    return {"target": device.target, **fields}


def _show(listings: list[_Listing], *, is_one: bool) -> None:
    from quantum_async.cli.session import tell

    heads = ("target", "kind", "status", "#qubits", "#shots", "~description")
    rows = [_row(device) for listing in listings for device in listing.devices]
    if rows:
        print_table(Console(highlight=False), heads, rows)
    for listing in listings:
        # Whoever asks for one provider gets an error that says more.
        if not listing.is_configured and not is_one:
            tell(f"{listing.provider}: not configured: {listing.error}")


def _row(device: Device) -> list[str]:
    return [
        device.target,
        f"{device.kind} simulator" if device.is_simulator else str(device.kind),
        str(device.status),
        str(device.num_qubits or ""),
        str(device.max_shots or ""),
        device.description,
    ]
