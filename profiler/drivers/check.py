"""Compiles every driver and runs each dry and, where there is no GPU, for real: all must end well."""

import json
import pathlib
import py_compile
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
SHAPES = {"schema": 1, "points": [
    {"kernel": "gemm", "m": 64, "n": 7168, "k": 2048},
    {"kernel": "mla_decode", "format": "bf16", "batch": 2, "s_q": 1, "context": 128, "heads": 16},
    {"kernel": "unpermute", "rows": 1, "columns": 2, "experts": 4, "top_k": 2}]}


def said(driver, *words):
    done = subprocess.run([sys.executable, str(HERE / driver), *words], capture_output=True, text=True, timeout=300)
    if done.returncode:
        sys.exit(f"{driver} {' '.join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def main():
    drivers = sorted(path.name for path in HERE.glob("*.py") if path.name not in ("common.py", "check.py"))
    with tempfile.TemporaryDirectory() as folder:
        for path in HERE.glob("*.py"):
            py_compile.compile(str(path), cfile=f"{folder}/{path.stem}.pyc", doraise=True)
        shapes = pathlib.Path(folder) / "shapes.json"
        shapes.write_text(json.dumps(SHAPES))
        listed = {driver: said(driver, "--dry-run", "--shapes", str(shapes)).splitlines() for driver in drivers}
    expected = {"flash_mla_ops.py": "flash_mla: would run mla_decode bf16 batch=2 s_q=1 context=128 heads=16",
                "torch_ops.py": "torch: would run gemm bf16 m=64 n=7168 k=2048"}
    for driver, line in expected.items():
        if listed[driver] != [line]:
            sys.exit(f"{driver} --dry-run: expected {line!r}, got {listed[driver]}")
    for driver in drivers:
        if "would run" not in said(driver, "--dry-run"):
            sys.exit(f"{driver} --dry-run lists nothing of the default shapes")
    try:
        import torch

        gpu = torch.cuda.is_available()
    except ImportError:
        gpu = False
    for driver in [] if gpu else drivers:
        if ": skipped: " not in said(driver):
            sys.exit(f"{driver}: without a GPU it must say why it is skipped")
    print(f"{len(drivers)} drivers")


if __name__ == "__main__":
    main()
