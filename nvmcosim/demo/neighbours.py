"""Plans around a plan: the same word with other splits and other short pulses."""

from itertools import groupby

from nvmcosim.pymodel.store_plan import Domain, StorePlan

__all__ = ["neighbour", "short_pulses", "splits", "where"]


def neighbour(plan: StorePlan, bsp: int, short_ps: int) -> StorePlan:
    """`plan` with its low `bsp` bits at `short_ps`, its last domain else at the pulse above it.

    For a plan of two domains this is ono2021's plan of that BSP and T_R; `where(plan)` gives back
    any plan itself.
    """
    uppers = plan.domains[:-1] or plan.domains
    pulses = [domain.pulse_ps for domain in uppers for _ in range(domain.bits)]
    pulses += [uppers[-1].pulse_ps] * (plan.width - len(pulses))
    pulses[plan.width - bsp :] = [short_ps] * bsp
    runs = [(pulse, len(list(run))) for pulse, run in groupby(pulses)]
    return plan.replace(domains=tuple(Domain(bits, pulse) for pulse, bits in runs))


def where(plan: StorePlan) -> tuple[int, int]:
    """The BSP and short pulse in ps of `plan` itself; BSP 0 if it has one domain alone."""
    last = plan.domains[-1]
    return (last.bits if len(plan.domains) > 1 else 0), last.pulse_ps


def splits(plan: StorePlan, count: int = 4) -> list[int]:
    """`count` BSPs with the plan's own among them, all that a split may reach."""
    own, _ = where(plan)
    top = min(plan.number_format.low_bits, max(own + 1, count))
    found = set(range(max(1, top - count + 1), top + 1))
    return sorted(found | ({own} if own else set()))


def short_pulses(plan: StorePlan, longest_ps: int) -> list[int]:
    """0, one and two clocks, and the plan's own short pulse; none above `longest_ps`, in ps."""
    _, own = where(plan)
    found = {0, plan.tick_ps, 2 * plan.tick_ps} | ({own} if len(plan.domains) > 1 else set())
    return sorted(pulse for pulse in found if pulse <= longest_ps)
