"""The plans that the store-domain bench is run on: ono2021's product, options, formats."""

from itertools import product

from nvmcosim.pymodel.store_plan import Domain, StorePlan

__all__ = ["CASES", "cases", "full_product"]

#: ono2021, Section V-A: T_L is 20 ns, candidates of T_R are 0, 5 and 10 ns, the clock 200 MHz.
LONG = "20 ns"
SHORTS = ("0 ns", "5 ns", "10 ns")
_REWRITES = ("all", "changed")
_RETRIES = (0, 2)
_BANKS = (1, 2, 3)


def _paper() -> list[StorePlan]:
    """Every BSP from 0 to 7 with every T_R; with BSP 0 there is no Group R, so it comes once."""
    plans = [StorePlan.two_domain("bf16", 0, LONG, "0 ns")]
    for bsp, short in product(range(1, 8), SHORTS):
        plans.append(StorePlan.two_domain("bf16", bsp, LONG, short))
    return plans


def _options() -> list[StorePlan]:
    """Every combination of the options, on one plan that fails often and one that fails less."""
    plans: list[StorePlan] = []
    for rewrite, retry_limit, bank_words in product(_REWRITES, _RETRIES, _BANKS):
        odd = len(plans) % 2
        plans.append(
            StorePlan.two_domain(
                "bf16",
                3 + odd,
                LONG,
                SHORTS[1 + odd],
                rewrite=rewrite,
                retry_limit=retry_limit,
                bank_words=bank_words,
                variation=("cycle", "cell")[odd],
            )
        )
    return plans


def _formats() -> list[StorePlan]:
    """Other formats, three domains and more, pulses in any order, 0-length domains anywhere."""

    def plan(format: str, *domains: tuple[int, int], **options: object) -> StorePlan:
        return StorePlan(format, tuple(Domain(b, ns * 1000) for b, ns in domains), **options)  # type: ignore[arg-type]

    return [
        StorePlan.two_domain("fp16", 6, LONG, "5 ns"),
        plan("fp16", (6, 20), (4, 10), (3, 5), (3, 0), rewrite="changed", retry_limit=1),
        StorePlan.two_domain("fp32", 16, LONG, "10 ns"),
        plan("fp32", (9, 20), (7, 15), (8, 10), (8, 5), retry_limit=3),
        plan("fp32", (9, 15), (23, 5), rewrite="changed", bank_words=2),
        plan("bf16", (1, 5), (8, 20), (7, 10)),
        plan("bf16", (9, 10), (3, 0), (4, 20), variation="cell"),
        plan("bf16", *((1, 5 * (bit % 5)) for bit in range(16)), rewrite="changed", retry_limit=2),
        plan("bf16", (16, 0)),
        plan("bf16", (16, 0), rewrite="changed", retry_limit=2),
        plan("bf16", (9, 12), (4, 7), (3, 1), tick_ps=1000),
        plan("bf16", (9, 12), (7, 9), tick_ps=3000, retry_limit=255, rewrite="changed"),
    ]


#: Classes of plans: each is elaborated as one top and built once.
CASES = {"paper": _paper, "options": _options, "formats": _formats}


def cases() -> list[StorePlan]:
    """The plans of every class, none twice."""
    return list(dict.fromkeys(plan for make in CASES.values() for plan in make()))


def full_product() -> dict[str, list[StorePlan]]:
    """Every plan of the paper's product with every combination of options, by the combination."""
    return {
        f"rewrite {rewrite}, {retry_limit} retries, {bank_words} words": [
            plan.replace(rewrite=rewrite, retry_limit=retry_limit, bank_words=bank_words)
            for plan in _paper()
        ]
        for rewrite, retry_limit, bank_words in product(_REWRITES, _RETRIES, _BANKS)
    }
