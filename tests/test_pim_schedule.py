"""Justified orders, by hand; that packed steps compute the same is in `test_pim_program`."""

from nvmcosim.pymodel.pim_justify import Load, justified


def test_free_writes_fill_the_first_steps() -> None:
    load: Load = (1, frozenset({0}), False)
    at = justified([load] * 6, [{}] * 6, [None] * 6, range(6), 3)
    assert at == [0, 0, 0, 1, 1, 1]


def test_a_search_waits_for_what_takes_the_latch_before_it() -> None:
    search: Load = (0, frozenset(), True)
    taker: Load = (1, frozenset(), False)
    loads = [search, taker, search, taker]
    # A write may take the latch in the step of its search; the second search needs a step more.
    at = justified(loads, [{}, {0: 0}, {}, {2: 0}], [None, 0, None, 2], [0, 3, 4, 8], 3)
    assert at == [0, 0, 1, 1]


def test_a_search_has_no_step_with_reads() -> None:
    loads: list[Load] = [(0, frozenset(), True), (1, frozenset({0}), False)]
    at = justified(loads, [{}, {}], [None, None], [0, 5], 3)
    assert sorted(at) == [0, 1]
