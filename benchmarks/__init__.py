"""What GradMQ costs, measured: `python -m benchmarks.step`, and so on; `--help` tells what each measures."""
