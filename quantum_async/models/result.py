"""A result: what was measured, in one shape for every provider."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from quantum_async.errors import ResultError
from quantum_async.models._extras import call_late
from quantum_async.models.stored import stored

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from pulser.backend.results import Results
    from qiskit.primitives import PrimitiveResult, PubResult


_ROUNDING = 1e-12
"""The imaginary part that computing in floating point leaves to a real value of about one."""


@stored("bit-order")
class BitOrder(StrEnum):
    """What the characters of an outcome stand for, from left to right."""

    QISKIT = "qiskit"
    """Last classical bit leftmost; registers separated by a space, the last one leftmost."""
    ATOMS = "atoms"
    """One character per atom in the register's order, the first atom leftmost."""


@dataclass(frozen=True, slots=True)
class Register:
    """A classical register, or the atoms of an analog register.

    Args:
        name: Its name.
        width: How many bits it has.
    """

    name: str
    width: int


@dataclass(frozen=True, slots=True)
class Expectation:
    """The expectation value of one observable.

    Args:
        value: The estimate, dimensionless unless the observable says otherwise; complex where the
            observable is not Hermitian.
        standard_error: Its standard error; 0 where it was computed exactly, ``None`` if unknown.
    """

    value: float | complex
    standard_error: float | None = None

    @classmethod
    def of(cls, value: complex) -> Expectation:
        """Make the expectation of a computed value: real, but for the rounding, or complex.

        Args:
            value: The value.
        """
        is_real = abs(value.imag) <= _ROUNDING * max(1.0, abs(value.real))
        return cls(value.real if is_real else value)


@dataclass(frozen=True, slots=True)
class Result:
    """What a job measured.

    Args:
        counts: How often each outcome was seen, keyed as `bit_order` says; empty where only
            observables were asked for.
        shots: How many shots were taken.
        bit_order: What the characters of a key stand for.
        registers: The classical registers in the order in which the program declares them (for
            `BitOrder.QISKIT`; the last one is leftmost in a key).
        atoms: The names of the atoms in key order (for `BitOrder.ATOMS`).
        samples: The outcome of every shot in the order taken, where the provider tells.
        exact_probabilities: Probabilities that the provider computed instead of sampling.
        expectation_values: Estimates by observable, of the final state. What is no number, and
            what was observed earlier, is in `raw` and in `to_pulser`.
        metadata: What else is known: device, seed, method, times in seconds.
        raw: The provider's own answer as text, where it was kept.
    """

    counts: Mapping[str, int]
    shots: int
    bit_order: BitOrder
    registers: tuple[Register, ...] = ()
    atoms: tuple[str, ...] = ()
    samples: tuple[str, ...] | None = field(default=None, repr=False)
    exact_probabilities: Mapping[str, float] | None = field(default=None, repr=False)
    expectation_values: Mapping[str, Expectation] = field(default_factory=dict)
    metadata: Mapping[str, str | float | int | None] = field(default_factory=dict, repr=False)
    raw: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        width = self.width
        for outcome in self.counts:
            if len(outcome) != width:
                raise ResultError(
                    f"outcome {outcome!r} does not have the {width} characters of its registers",
                    remedy="This is a defect of the provider's translation; please report it.",
                )

    @property
    def width(self) -> int:
        """Number of characters of an outcome, separators included."""
        if self.bit_order is BitOrder.ATOMS and self.atoms:
            return len(self.atoms)
        if self.registers:
            return sum(r.width for r in self.registers) + len(self.registers) - 1
        return len(next(iter(self.counts), ""))

    @property
    def probabilities(self) -> Mapping[str, float]:
        """Probability of each outcome: computed by the provider, else counts over shots."""
        if self.exact_probabilities is not None:
            return self.exact_probabilities
        total = sum(self.counts.values())
        return {outcome: count / total for outcome, count in self.counts.items()} if total else {}

    def most_common(self, n: int | None = None) -> list[tuple[str, int]]:
        """List outcomes by descending count.

        Args:
            n: How many; all of them by default.
        """
        return Counter(dict(self.counts)).most_common(n)

    def marginal(self, *positions: int) -> Mapping[str, int]:
        """Count the outcomes of some bits only.

        Args:
            *positions: Bit numbers. Under `BitOrder.QISKIT` bit 0 is the first bit of the first
                register; under `BitOrder.ATOMS` it is the first atom. The key's characters follow
                the order of the positions given.

        Raises:
            ResultError: A position is outside the outcome.
        """
        marginal: Counter[str] = Counter()
        for outcome, count in self.counts.items():
            bits = self._bits(outcome)
            try:
                key = "".join(bits[p] for p in positions)
            except IndexError:
                raise ResultError(f"bits {positions} of an outcome of {len(bits)} bits") from None
            marginal[key] += count
        return dict(marginal)

    def register_counts(self, name: str) -> Mapping[str, int]:
        """Count the outcomes of one classical register alone.

        Args:
            name: The register's name.

        Raises:
            ResultError: There is no such register.
        """
        names = [register.name for register in self.registers]
        if name not in names:
            raise ResultError(f"there is no register {name!r} among {names}")
        place = len(names) - 1 - names.index(name)
        counts: Counter[str] = Counter()
        for outcome, count in self.counts.items():
            counts[outcome.split(" ")[place]] += count
        return dict(counts)

    def excited_fraction(self) -> float:
        """Compute the mean fraction of bits measured as 1, between 0 and 1; 0 without counts."""
        ones = sum(outcome.count("1") * count for outcome, count in self.counts.items())
        bits = len(self.atoms) or sum(r.width for r in self.registers)
        bits = bits or len(next(iter(self.counts), "").replace(" ", ""))
        total = sum(self.counts.values()) * bits
        return ones / total if total else 0.0

    def to_qiskit(self) -> PrimitiveResult[PubResult]:
        """Convert to what Qiskit's samplers return, with one `BitArray` per register.

        Raises:
            MissingExtraError: Qiskit is not installed.
        """
        return call_late("quantum_async.integrations.qiskit.results", "to_primitive_result", self)

    def to_pulser(self) -> Results:
        """Convert to Pulser's `Results`, with the bitstrings as observable.

        Raises:
            MissingExtraError: Pulser is not installed.
            ResultError: This is the result of a circuit, which has no atom order.
        """
        results: Results = call_late(
            "quantum_async.integrations.pulser.results", "to_results", self
        )
        return results

    def to_pandas(self) -> pd.DataFrame:
        """Convert to a data frame with columns ``outcome``, ``count`` and ``probability``.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        return call_late("quantum_async.display.frames", "result_frame", self)

    def plot(self, *, ax: Axes | None = None, most: int = 32) -> Axes:
        """Draw a histogram of the outcomes.

        Args:
            ax: Where to draw; a new figure by default.
            most: How many outcomes at most, the most frequent ones.

        Raises:
            MissingExtraError: matplotlib is not installed.
        """
        drawn: Axes = call_late(
            "quantum_async.display.plots", "plot_result", self, ax=ax, most=most
        )
        return drawn

    def _repr_html_(self) -> str:
        shown: str = call_late("quantum_async.display.html", "result_html", self)
        return shown

    def _bits(self, outcome: str) -> Sequence[str]:
        if self.bit_order is BitOrder.ATOMS:
            return outcome
        return outcome.replace(" ", "")[::-1]
