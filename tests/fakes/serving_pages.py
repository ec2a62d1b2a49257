"""Pages of inference servers, written by us in the manner of each, with the names that it uses."""


def vllm(
    generated: int = 27453,
    prompted: int = 9000,
    done: tuple[int, int] = (40, 2),
    *,
    started: float = 1795428000.5,
    model: str = "meta-llama/Llama-3.1-8B-Instruct",
) -> str:
    """`done` are requests that stopped by themselves, and at their longest."""
    of = f'model_name="{model}"'
    finished = 'vllm:request_success_total{engine="0",finished_reason='
    return f"""\
# HELP process_start_time_seconds Start time of the process since unix epoch in seconds.
# TYPE process_start_time_seconds gauge
process_start_time_seconds {started}
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{{engine="0",{of}}} 8.0
# HELP vllm:prompt_tokens_total Number of prefill tokens processed.
# TYPE vllm:prompt_tokens_total counter
vllm:prompt_tokens_total{{engine="0",{of}}} {float(prompted)}
# HELP vllm:generation_tokens_total Number of generation tokens processed.
# TYPE vllm:generation_tokens_total counter
vllm:generation_tokens_total{{engine="0",{of}}} {float(generated)}
# TYPE vllm:generation_tokens_created gauge
vllm:generation_tokens_created{{engine="0",{of}}} {started}
# HELP vllm:request_success_total Count of successfully processed requests.
# TYPE vllm:request_success_total counter
{finished}"stop",{of}}} {float(done[0])}
{finished}"length",{of}}} {float(done[1])}
# HELP vllm:iteration_tokens_total Histogram of number of tokens per engine_step.
# TYPE vllm:iteration_tokens_total histogram
vllm:iteration_tokens_total_bucket{{engine="0",le="1.0",{of}}} 3.0
vllm:iteration_tokens_total_bucket{{engine="0",le="+Inf",{of}}} {generated / 10}
vllm:iteration_tokens_total_count{{engine="0",{of}}} {float(generated // 10)}
vllm:iteration_tokens_total_sum{{engine="0",{of}}} {float(generated + prompted)}
"""


def tgi(generated: int = 8123, prompted: int = 512, done: int = 44, batch: int = 4) -> str:
    return f"""\
# TYPE tgi_request_count counter
tgi_request_count {done + 1}
# TYPE tgi_request_success counter
tgi_request_success{{kind="generate"}} {done}
# TYPE tgi_request_input_length histogram
tgi_request_input_length_bucket{{le="+Inf"}} {done}
tgi_request_input_length_sum {prompted}
tgi_request_input_length_count {done}
# TYPE tgi_request_generated_tokens histogram
tgi_request_generated_tokens_bucket{{le="+Inf"}} {done}
tgi_request_generated_tokens_sum {generated}
tgi_request_generated_tokens_count {done}
# TYPE tgi_batch_current_size gauge
tgi_batch_current_size {batch}
"""


def triton(requests: int = 100, inferences: int = 800, executions: int = 50) -> str:
    of = '{gpu_uuid="GPU-57cd6b41",model="resnet50",version="1"}'
    return f"""\
# HELP nv_inference_request_success Number of successful inference requests, all batch sizes
# TYPE nv_inference_request_success counter
nv_inference_request_success{of} {requests}.000000
# HELP nv_inference_count Number of inferences performed (does not include cached requests)
# TYPE nv_inference_count counter
nv_inference_count{of} {inferences}.000000
# HELP nv_inference_exec_count Number of model executions performed
# TYPE nv_inference_exec_count counter
nv_inference_exec_count{of} {executions}.000000
# HELP nv_energy_consumption GPU energy consumption in joules since the Triton Server started
# TYPE nv_energy_consumption counter
nv_energy_consumption{{gpu_uuid="GPU-57cd6b41"}} 1234.500000
"""


def sglang(generated: int = 7000, running: int = 3, colon: str = ":") -> str:
    of = 'engine_type="unified",model_name="qwen"'
    name = f"sglang{colon}"
    return f"""\
# TYPE {name}num_running_reqs gauge
{name}num_running_reqs{{{of},pp_rank="0",tp_rank="0"}} {running}.0
{name}num_running_reqs{{{of},pp_rank="0",tp_rank="1"}} {running}.0
# TYPE {name}prompt_tokens_total counter
{name}prompt_tokens_total{{{of}}} 4400.0
# TYPE {name}generation_tokens_total counter
{name}generation_tokens_total{{{of}}} {generated}.0
# TYPE {name}num_requests_total counter
{name}num_requests_total{{{of}}} 25.0
"""


def llama_cpp(generated: str = "6789", prompted: str = "12345", running: int = 1) -> str:
    return f"""\
# HELP llamacpp:prompt_tokens_total Number of prompt tokens processed.
# TYPE llamacpp:prompt_tokens_total counter
llamacpp:prompt_tokens_total {prompted}
# HELP llamacpp:tokens_predicted_total Number of generation tokens processed.
# TYPE llamacpp:tokens_predicted_total counter
llamacpp:tokens_predicted_total {generated}
# HELP llamacpp:requests_processing Number of requests processing.
# TYPE llamacpp:requests_processing gauge
llamacpp:requests_processing {running}
"""
