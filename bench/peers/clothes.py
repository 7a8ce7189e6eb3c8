#!/usr/bin/python3
"""Writes Fashion-MNIST as 60,000 PNG files of 28x28 in ten class folders: the case of many small files, for bench/peers/data.

    apt-get install dataset-fashion-mnist python3-pil && /usr/bin/python3 clothes.py OUT [60000]
"""
import gzip
import os
import sys

from PIL import Image

source = "/usr/share/datasets/fashion-mnist/train-{}-ubyte.gz"
out, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 60000
pictures = gzip.open(source.format("images-idx3")).read()[16:]
labels = gzip.open(source.format("labels-idx1")).read()[8:]
for i in range(count):
    folder = os.path.join(out, str(labels[i]))
    os.makedirs(folder, exist_ok=True)
    Image.frombytes("L", (28, 28), pictures[784 * i:784 * i + 784]).save(os.path.join(folder, f"{i:05}.png"))
