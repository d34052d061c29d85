"""The networks of benches/training.rs in PyTorch on the CPU: samples a second, for the same batch and threads.

    python benches/training/pytorch.py [small|dscnn|resnet|all] [threads]

Needs `pip install torch` (the CPU build). Inputs are random: speed alone is compared.
"""
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(1, 8, 3, padding=1)
        self.b = nn.Conv2d(8, 16, 3, padding=1)
        self.d = nn.Linear(7 * 7 * 16, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.a(x)), 2)
        x = F.max_pool2d(F.relu(self.b(x)), 2)
        return self.d(x.flatten(1))


class DsCnn(nn.Module):
    def __init__(self):
        super().__init__()
        layers = [nn.ZeroPad2d((1, 1, 4, 5)), nn.Conv2d(1, 64, (10, 4), stride=2), nn.BatchNorm2d(64), nn.ReLU()]
        for _ in range(4):
            layers += [nn.Conv2d(64, 64, 3, padding=1, groups=64), nn.BatchNorm2d(64), nn.ReLU()]
            layers += [nn.Conv2d(64, 64, 1), nn.BatchNorm2d(64), nn.ReLU()]
        self.body = nn.Sequential(*layers)
        self.d = nn.Linear(64, 12)

    def forward(self, x):
        return self.d(self.body(x).mean((2, 3)))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.a = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1)
        self.na = nn.BatchNorm2d(outputs)
        self.b = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.nb = nn.BatchNorm2d(outputs)
        self.side = nn.Conv2d(inputs, outputs, 1, stride=stride) if stride != 1 else None

    def forward(self, x):
        y = self.nb(self.b(F.relu(self.na(self.a(x)))))
        return F.relu(y + (x if self.side is None else self.side(x)))


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Conv2d(3, 16, 3, padding=1)
        self.n = nn.BatchNorm2d(16)
        self.blocks = nn.Sequential(Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2))
        self.d = nn.Linear(64, 10)

    def forward(self, x):
        return self.d(self.blocks(F.relu(self.n(self.a(x)))).mean((2, 3)))


def main():
    only = sys.argv[1] if len(sys.argv) > 1 else "all"
    threads = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    # On one thread, processor time: other work on the machine disturbs it less.
    clock = time.process_time if threads == 1 else time.time
    nets = [("small", Small, (1, 28, 28), 10, 6400), ("dscnn", DsCnn, (1, 49, 10), 12, 1600), ("resnet", ResNet, (3, 32, 32), 10, 640)]
    for name, make, shape, classes, rows in nets:
        if only not in ("all", name):
            continue
        best = 1e9
        for layout in (torch.contiguous_format, torch.channels_last):
            net = make().to(memory_format=layout)
            x = torch.rand(rows, *shape).to(memory_format=layout)
            y = torch.randint(classes, (rows,))
            step = torch.optim.Adam(net.parameters(), lr=1e-3)
            for _ in range(4):
                start = clock()
                order = torch.randperm(rows)
                for at in range(0, rows, 32):
                    chosen = order[at:at + 32]
                    step.zero_grad()
                    F.cross_entropy(net(x[chosen]), y[chosen]).backward()
                    step.step()
                best = min(best, clock() - start)
        print(f"pytorch {name}, {threads} threads: {rows / best:.0f} samples/s, {best:.3f} s an epoch of {rows}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"pytorch: {peak:.0f} MB at most")


main()
