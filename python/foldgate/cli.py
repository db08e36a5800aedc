"""The `foldgate` command: `foldgate bench` and `foldgate info`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

import foldgate

if TYPE_CHECKING:
    from foldgate.bench.runner import Settings

INTERRUPTED = 130  # 128 + SIGINT, as shells have it
QUICK_BUDGET, DEFAULT_BUDGET = 0.12, 0.3  # seconds of timing, a case and pass


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: The command line without the program's name; `sys.argv` unless given.

    Returns:
        The exit code: 0, 1 after a wrong result, 2 for arguments that cannot be served, 130 after Ctrl-C.
    """
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(options)
    except KeyboardInterrupt:
        print("foldgate: interrupted", file=sys.stderr)
        return INTERRUPTED
    except (ValueError, ImportError, OSError) as error:
        print(f"foldgate: {error}", file=sys.stderr)
        return 2
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="foldgate", description="Convolutional and recurrent networks on the CPU."
    )
    parser.add_argument("--version", action="version", version=f"foldgate {foldgate.__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")
    info = commands.add_parser("info", help="build, instruction set, threads and caches")
    info.set_defaults(command=_info)
    _add_bench(
        commands.add_parser(
            "bench", help="time every operation against its NumPy reference and other libraries"
        )
    )
    return parser


def _add_bench(bench: argparse.ArgumentParser) -> None:
    bench.set_defaults(command=_bench)
    bench.add_argument("--quick", action="store_true", help="a few cases in under fifteen seconds")
    bench.add_argument("--ops", type=_names, metavar="OP,...", help="only these operations")
    bench.add_argument(
        "--threads", type=_thread_counts, metavar="N,...", help="numbers of threads, a run each"
    )
    bench.add_argument(
        "--peers", type=_names, default=[], metavar="PEER,...", help="torch, onnxruntime, openvino"
    )
    bench.add_argument(
        "--cases", metavar="SET", help="default, tables (docs/performance.md), beyond, all or quick"
    )
    bench.add_argument("--filter", default="", metavar="TEXT", help="only cases whose 'op name' holds TEXT")
    bench.add_argument("--json", type=Path, metavar="FILE", help="write every number to FILE")
    bench.add_argument("--plot", type=Path, metavar="FILE.png", help="draw the ratios (needs foldgate[plot])")


def _names(text: str) -> list[str]:
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def _thread_counts(text: str) -> list[int]:
    counts = []
    for part in _names(text):
        if not part.isdecimal() or int(part) < 1:
            raise argparse.ArgumentTypeError(
                f"{part!r} is not a number of threads; expected integers from 1 up"
            )
        counts.append(int(part))
    return counts


def _info(options: argparse.Namespace) -> int:
    foldgate.show_config()
    return 0


def _bench(options: argparse.Namespace) -> int:
    from foldgate.bench import print_report, run, save_plot
    from foldgate.bench.plot import load_matplotlib

    settings = _settings(options)
    if options.plot is not None:
        load_matplotlib()  # say what is missing now and not after minutes
    for path in (options.json, options.plot):
        if path is not None and not path.absolute().parent.is_dir():
            raise ValueError(f"bench: {path} cannot be written; {path.absolute().parent} is not a folder")
    with _progress_bar() as progress:
        task = progress.add_task("", total=len(settings.cases) * len(settings.threads))
        report = run(
            settings, progress=lambda text, done: progress.update(task, description=text, completed=done)
        )
    print_report(report, _console())
    if options.json is not None:
        options.json.write_text(json.dumps(report.to_json(), indent=1) + "\n", encoding="utf-8")
    if options.plot is not None:
        save_plot(report, str(options.plot))
    return 1 if report.failed else 0


def _settings(options: argparse.Namespace) -> Settings:
    from foldgate.bench import Settings, select

    case_set = options.cases or ("quick" if options.quick else "default")
    return Settings(
        cases=select(case_set, options.ops, options.filter),
        threads=options.threads or [foldgate.get_num_threads()],
        peers=options.peers,
        budget=QUICK_BUDGET if options.quick else DEFAULT_BUDGET,
    )


def _console() -> Console:
    from foldgate.bench.report import WIDTH

    console = Console()
    # files and pipes have no width of their own; a terminal's is kept when it is narrower
    return Console(width=min(WIDTH, console.width) if console.is_terminal else WIDTH)


def _progress_bar() -> Progress:
    columns = (TextColumn("{task.description:<44}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
