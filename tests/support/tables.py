"""Tables as people have them, made here."""

from pathlib import Path

import numpy as np

FLOWERS = ("setosa", "versicolor", "virginica")


def write_flowers(path: Path, count: int = 120) -> Path:
    """Write a .csv like that of Fisher's irises: two measures and a colour, which tell three species apart."""
    rng = np.random.default_rng(0)
    lines = ["petal length,petal width,colour,species"]
    for row in range(count):
        species = row % len(FLOWERS)
        length, width = rng.normal(1.5 + 2 * species, 0.3), rng.normal(0.3 + 0.8 * species, 0.1)
        lines.append(f"{length:.1f},{width:.2f},{'blue' if species == 1 else 'violet'},{FLOWERS[species]}")
    path.write_text("\n".join(lines) + "\n")
    return path


def write_prices(path: Path, count: int = 200) -> Path:
    """Write a .csv of rooms, age and price, which is a number to be predicted."""
    rng = np.random.default_rng(0)
    rooms, age = rng.integers(1, 8, count), rng.uniform(0, 50, count)
    prices = 40_000 * rooms - 500 * age + 20_000 + rng.normal(0, 2_000, count)
    lines = [f"{r},{a:.1f},{p:.2f}" for r, a, p in zip(rooms, age, prices, strict=True)]
    path.write_text("\n".join(["rooms,age,price", *lines]) + "\n")
    return path
