"""The result of gpu_check.py, laid out for reading."""

from collections.abc import Iterable

ROUTES = ("batch_cuda", "batch_cpp", "jax", "brian2cuda")
COMPARED = 4096
WANTED = {"jax": 5, "brian2cuda": 20}


def table(result: dict) -> str:
    """Return speeds, ratios, generations, agreement and tests as text."""
    parts = [
        _heading(result),
        speeds(result["routes"]),
        ratios(result["routes"]),
        generations(result["generations"]),
        agreement(result["agreement"]),
        tests(result["brian2_tests"]),
        kernels(result["kernels"]),
        *filter(None, [result["note"]]),
    ]
    return "\n\n".join(part for part in parts if part)


def _heading(result: dict) -> str:
    about = result["machine"]
    gpu = result["device"] or {"name": "no GPU"}
    words = [*gpu.values(), about["processor"], f"{about['cores']} cores", about["nvcc"]]
    return ", ".join(str(word) for word in words if word)


def speeds(rows: list[dict]) -> str:
    """Return synapse updates per second by network, size and route; copies left out."""
    rows = [row for row in rows if row["updates_per_s"]]
    if not rows:
        return ""
    lines = ["10^9 synapse updates per second, loop alone (batch_cuda with copies in brackets)"]
    lines.append(f"{'network':<28}{'instances':>10}" + "".join(f"{r:>18}" for r in ROUTES))
    for network, instances in sorted({(r["network"], r["instances"]) for r in rows}):
        found = [_speed(_row(rows, network, instances, route)) for route in ROUTES]
        lines.append(f"{network:<28}{instances:>10}" + "".join(f"{text:>18}" for text in found))
    return "\n".join(lines)


def _speed(row: dict | None) -> str:
    if row is None:
        return "-"
    alone = f"{row['updates_per_s'] / 1e9:.3g}"
    if row["route"] != "batch_cuda":
        return alone
    return f"{alone} ({row['updates_per_s_with_copies'] / 1e9:.3g})"


def ratios(rows: list[dict], instances: int = COMPARED) -> str:
    """Return how many times the loop of another route takes that of the batch device's."""
    lines = []
    for network in sorted({row["network"] for row in rows}):
        own = _row(rows, network, instances, "batch_cuda")
        for route, wanted in WANTED.items():
            other = _row(rows, network, instances, route)
            if own and other and own["loop_s"]:
                ratio = other["loop_s"] / own["loop_s"]
                where = f" on {other['platform']}" if "platform" in other else ""
                lines.append(f"  {network}: {route}{where} / batch_cuda {ratio:.1f} ({wanted})")
    heading = f"time of the other route / ours at {instances:,} instances (wanted)"
    return "\n".join([heading, *lines]) if lines else ""


def _row(rows: Iterable[dict], network: str, instances: int, route: str) -> dict | None:
    """Return the row with noise of the usual rate, if it was measured."""
    wanted = (network, instances, route)
    found = [r for r in rows if (r["network"], r["instances"], r["route"]) == wanted]
    return min(found, key=lambda row: row["rate"], default=None)


def generations(rows: list[dict]) -> str:
    """Return seconds per generation at the paper's size."""
    lines = [
        f"  ({row['length']}, {row['latency']}) {row['device']}:"
        f" {row['seconds_per_generation']:.4f} s; published {row['published_seconds']} s"
        for row in rows
    ]
    return "\n".join(["a generation of 256 x 512 (PDLF copy)", *lines]) if lines else ""


def agreement(rows: list[dict]) -> str:
    """Return by how much routes differ, or which do."""
    lines = []
    for row in rows:
        told = row.get("disagreement") or f"largest difference {row['largest_difference']:.2e}"
        noise = ", no noise" if row["rate"] >= 1000 else ""
        which = " ".join(row["routes"])
        lines.append(f"  {row['network']}, {row['instances']}{noise} ({which}): {told}")
    return "\n".join(["agreement of routes", *lines]) if lines else ""


def tests(rows: list[dict]) -> str:
    """Return what Brian2's own tests came to, all processes together."""
    if not rows:
        return ""
    kinds = ("passed", "refused", "failed", "skipped")
    counts = ", ".join(f"{sum(row[kind] for row in rows)} {kind}" for kind in kinds)
    return f"Brian2's own tests on the GPU (a part): {counts}"


def kernels(rows: list[dict]) -> str:
    """Return what the compiler says of each kernel."""
    lines = [
        f"  {row['network']}, {row['arch']}: {row['threads']} threads,"
        f" {row['registers']} registers, {row['shared_bytes']:,} bytes of shared memory,"
        f" {row['spill_store_bytes']} spilled,"
        f" {row['blocks_per_multiprocessor']} blocks per multiprocessor"
        for row in rows
    ]
    return "\n".join(["kernels, float32, as compiled", *lines]) if lines else ""
