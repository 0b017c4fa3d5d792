"""PyTorch's DistributedDataParallel over gloo on the loopback interface: two processes, one thread each.

Each takes half of every mini-batch. This one is rank 0 and starts rank 1, whose standard input it writes to.
"""

import os
import subprocess
import sys
from contextlib import ExitStack

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from benchmarks.jobs import JOBS
from benchmarks.peers.programs.common import MiniBatches, parser, serve
from benchmarks.peers.programs.torch_single import cost, network, optimizer_of, samples_of, set_rate, weights

HOST = "127.0.0.1"
RANKS = 2


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--port", type=int, help="of rank 0, for rank 1")
    options = arguments.parse_args()
    job = JOBS[options.job]
    rank = 0 if options.port is None else 1
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    torch.set_num_threads(1)
    with ExitStack() as stack:
        # Port 0: a free one.
        store = dist.TCPStore(HOST, options.port or 0, is_master=rank == 0, wait_for_workers=False)
        if rank == 0:
            command = [sys.executable, "-m", "benchmarks.peers.programs.torch_ddp", options.job]
            command += [f"--port={store.port}", f"--epochs={options.epochs}"]
            other = stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, text=True))
        dist.init_process_group("gloo", store=store, rank=rank, world_size=RANKS)
        samples = samples_of(job)
        mini_batches = MiniBatches(job, options.epochs)
        net = network(job)
        parallel = DistributedDataParallel(net, gradient_as_bucket_view=True)
        optimizer = optimizer_of(job, net)

        def take(steps: int) -> None:
            if rank == 0:
                print(steps, file=other.stdin, flush=True)
            for _ in range(steps):
                set_rate(optimizer, mini_batches.learning_rate)
                x, y = samples(mini_batches.next().part(rank, RANKS))
                optimizer.zero_grad()
                cost(job, parallel(x), y).backward()  # which averages over both
                optimizer.step()

        if rank == 0:
            serve(options, take, lambda: weights(net))
            if other.stdin is not None:
                other.stdin.close()
        else:
            for line in sys.stdin:
                take(int(line))
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
