"""What a server did between two looks at its page."""

from fractions import Fraction

import pytest
from tests.fakes.serving_pages import llama_cpp, sglang, tgi, triton, vllm

from joulebook.core.prometheus_text import parse
from joulebook.core.serving import Served, Serving
from joulebook.core.serving_names import PREFIXES, SERVERS

S = 1_000_000
LLAMA = "meta-llama/Llama-3.1-8B-Instruct"


def after(*texts: str | None, every_us: int = S, from_zero: bool = False) -> Served:
    """What was done, after pages at regular looks; None is one that could not be read."""
    serving = Serving(from_zero=from_zero)
    for number, text in enumerate(texts):
        if text is None:
            serving.miss()
        else:
            assert serving.see(parse(text, PREFIXES), number * every_us)
    served = serving.served()
    assert served is not None
    return served


def test_vllm_counts_tokens_prompts_and_requests_of_its_model() -> None:
    served = after(vllm(1000, 300, (10, 1)), vllm(1500, 400, (14, 2)))
    assert served.server == "vLLM"
    assert served.work == {"generated_tokens": 500, "prompt_tokens": 100, "requests": 5}
    assert served.model == LLAMA
    assert served.tokens_per_step == Fraction(600, 50)


def test_tgi_counts_tokens_as_sums_of_histograms() -> None:
    served = after(tgi(8000, 500, 40), tgi(8123, 512, 44))
    assert served.work == {"generated_tokens": 123, "prompt_tokens": 12, "requests": 4}
    assert served.model is None


def test_triton_counts_inferences_and_its_mean_batch_is_by_executions() -> None:
    served = after(triton(100, 800, 50), triton(110, 880, 60))
    assert served.work == {"requests": 10, "inferences": 80}
    assert served.model == "resnet50"
    assert served.quality == {"batch_size": 8.0}


@pytest.mark.parametrize("colon", [":", "_"])
def test_sglang_is_known_with_a_colon_and_with_an_underscore(colon: str) -> None:
    served = after(sglang(7000, colon=colon), sglang(7400, colon=colon))
    assert served.work == {"generated_tokens": 400, "prompt_tokens": 0, "requests": 0}
    assert (served.server, served.model) == ("SGLang", "qwen")


def test_ranks_that_tell_the_same_requests_again_are_not_added_up() -> None:
    assert after(sglang(running=3), sglang(running=3)).batch == 3


def test_llama_cpp_counts_no_requests_so_there_are_none_and_not_zero() -> None:
    served = after(llama_cpp("6789", "12345"), llama_cpp("6800", "12400"))
    assert served.work == {"generated_tokens": 11, "prompt_tokens": 55}


def test_figures_that_are_rounded_by_the_server_still_sum_to_the_whole_way() -> None:
    served = after(*map(llama_cpp, ("999999", "1e+06", "1.00001e+06", "1.00124e+06")))
    assert served.work["generated_tokens"] == 1241


def test_the_first_page_is_where_counting_begins() -> None:
    served = after(vllm(1000))
    assert served.work == {"generated_tokens": 0, "prompt_tokens": 0, "requests": 0}
    assert (served.since_us, served.until_us) == (0, 0)


def test_a_server_that_started_while_it_was_watched_for_counts_from_zero() -> None:
    assert after(vllm(70), from_zero=True).work["generated_tokens"] == 70


def test_a_counter_that_went_down_is_a_restart_and_counts_from_zero() -> None:
    served = after(tgi(8000), tgi(8100), tgi(30), tgi(50))
    assert served.work["generated_tokens"] == 100 + 30 + 20


def test_a_restart_is_known_by_the_start_of_the_process_even_where_no_counter_went_down() -> None:
    served = after(vllm(1000, 300, started=1.5), vllm(1200, 310, started=9.5))
    assert served.work["generated_tokens"] == 1200
    assert served.work["prompt_tokens"] == 310


def test_a_page_that_could_not_be_read_is_a_gap_that_the_next_one_spans() -> None:
    served = after(vllm(1000), None, None, vllm(1600))
    assert served.work["generated_tokens"] == 600
    assert (served.since_us, served.until_us) == (0, 3 * S)


def test_before_any_page_was_read_nothing_is_told() -> None:
    serving = Serving()
    serving.miss()
    assert serving.served() is None


def test_a_page_of_something_else_is_a_gap() -> None:
    serving = Serving()
    assert not serving.see(parse("up 1\n", PREFIXES), 0)
    assert serving.served() is None


def test_a_model_that_comes_counts_from_zero_and_one_that_leaves_keeps_what_it_did() -> None:
    first, second = vllm(1000, model="a"), vllm(50, model="b")
    served = after(first, vllm(1100, model="a") + second, second)
    assert {model: work["generated_tokens"] for model, work in served.models.items()} == {
        "a": 100,
        "b": 50,
    }
    assert served.work["generated_tokens"] == 150
    assert served.model is None


def test_a_model_that_is_loaded_again_goes_on_where_it_was() -> None:
    a, b = vllm(1000, model="a"), vllm(50, model="b")
    served = after(a + b, b, vllm(1020, model="a") + b)
    assert served.models["a"]["generated_tokens"] == 20


def test_what_is_new_after_a_page_with_holes_may_only_have_been_in_a_hole() -> None:
    whole = vllm(1000)
    holed = "".join(
        line if "generation_tokens_total{" not in line else "vllm:generation_tokens_total{ 9\n"
        for line in whole.splitlines(keepends=True)
    )
    served = after(holed, vllm(1001), vllm(1004))
    assert served.work["generated_tokens"] == 3


def test_a_value_that_is_no_number_tells_nothing_and_loses_nothing() -> None:
    served = after(tgi(100), tgi(100).replace("_sum 100", "_sum NaN"), tgi(130))
    assert served.work["generated_tokens"] == 30


def test_the_mean_batch_is_over_the_time_in_which_anything_ran() -> None:
    looks = [tgi(batch=4), tgi(batch=0), tgi(batch=0), tgi(batch=7), tgi(batch=1)]
    assert after(*looks).batch == Fraction(4 + 7, 2)


def test_the_batch_during_a_gap_is_not_known() -> None:
    assert after(tgi(batch=4), None, tgi(batch=6), tgi(batch=6)).batch == 6


def test_without_a_request_there_is_no_mean_batch() -> None:
    served = after(tgi(batch=0), tgi(batch=0))
    assert served.batch is None
    assert "batch_size" not in served.quality


def test_every_name_begins_as_lines_are_asked_for() -> None:
    units = ("generated", "prompted", "requests", "inferences", "executions", "running")
    names = [n for server in SERVERS for unit in units for n in getattr(server, unit)]
    assert all(name.startswith(PREFIXES) for name in names)
