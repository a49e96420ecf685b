import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, bootstrap

from lpr_bench.accuracy.plates import PlateOutcome
from lpr_bench.accuracy.plates_report import interval_of_errors
from lpr_bench.latency.statistics import paired_ratio
from lpr_edge.contract.countries import load_country
from lpr_edge.contract.metrics import binomial_tail, mcnemar, wilson_interval

# What is computed on boards, and by `lpr-export verify`, runs where SciPy isn't installed; here it is the reference.
COUNTS = st.integers(1, 400).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count)))


@given(COUNTS)
def test_wilson_interval(counts: tuple[int, int]) -> None:
    """The interval of a share is SciPy's Wilson interval; 1.96 is rounded, so to four digits."""
    expected = binomtest(*counts).proportion_ci(0.95, "wilson")
    assert wilson_interval(*counts) == pytest.approx((expected.low, expected.high), abs=1e-4)


@given(st.integers(0, 200), st.integers(0, 200))
def test_mcnemar(gained: int, lost: int) -> None:
    """The two-sided p-value of gained and lost pictures is that of SciPy's binomial test."""
    expected = binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert mcnemar(gained, lost) == pytest.approx(expected, rel=1e-9)


@given(COUNTS)
def test_one_sided_tail(counts: tuple[int, int]) -> None:
    """The one-sided p-value of a loss is that of SciPy's binomial test."""
    assert binomial_tail(*counts) == pytest.approx(binomtest(*counts, alternative="greater").pvalue, rel=1e-9)


@settings(deadline=None, max_examples=5)
@given(st.integers(0, 1000))
def test_bootstrap_of_ratios(seed: int) -> None:
    """The interval of a median ratio is that of SciPy's percentile bootstrap, as far as chance lets two agree."""
    rng = np.random.default_rng(seed)
    times, reference = rng.lognormal(0.5, 0.2, 60), rng.lognormal(0.0, 0.2, 60)
    found = paired_ratio(times.tolist(), reference.tolist())
    expected = bootstrap((times / reference,), np.median, method="percentile", n_resamples=4000, rng=rng)
    width = expected.confidence_interval.high - expected.confidence_interval.low
    assert found.value == pytest.approx(float(np.median(times / reference)))
    assert found.low == pytest.approx(expected.confidence_interval.low, abs=0.3 * width)
    assert found.high == pytest.approx(expected.confidence_interval.high, abs=0.3 * width)


def test_bootstrap_of_character_errors() -> None:
    """The interval of CER is SciPy's percentile bootstrap over plates, where errors and lengths are drawn together."""
    texts = [("BA1PA2345", "BA1PA2345"), ("BA1", "BA2"), ("BA1PA23", "BA1")] * 20
    plates = [PlateOutcome("a.png", truth, 1, 90.0, "full", "latin", 1.0, read) for truth, read in texts]
    errors, lengths = np.array([0, 1, 4] * 20), np.array([9, 3, 7] * 20)
    interval = interval_of_errors(plates, load_country("nepal"))
    expected = bootstrap(
        (errors, lengths),
        lambda e, n, axis: e.sum(axis=axis) / n.sum(axis=axis),
        paired=True,
        vectorized=True,
        method="percentile",
        n_resamples=2000,
        rng=np.random.default_rng(0),
    ).confidence_interval
    assert interval == pytest.approx((expected.low, expected.high), abs=0.02)
