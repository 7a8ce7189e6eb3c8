#!/usr/bin/python3
"""Cuts photographs into JPEG files of 500x375, quality 90, in two class folders, for bench/peers/data.

    apt-get install lomiri-wallpapers-16.04 && /usr/bin/python3 photos.py /usr/share/backgrounds OUT [2000]
"""
import glob
import os
import random
import sys

from PIL import Image

source, out, count = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 2000
found = [p for p in sorted(glob.glob(os.path.join(source, "**"), recursive=True)) if p.lower().endswith((".jpg", ".jpeg"))]
photos = [Image.open(path).convert("RGB") for path in found]
photos = [p for p in photos if p.width >= 600 and p.height >= 450]
if not photos:
    sys.exit(f"{source}: there is no JPEG of at least 600x450")
draw = random.Random(1)
for i in range(count):
    photo = photos[i % len(photos)]
    width = draw.randint(600, photo.width)
    height = min(photo.height, width * 3 // 4)
    width = height * 4 // 3
    left, top = draw.randint(0, photo.width - width), draw.randint(0, photo.height - height)
    folder = os.path.join(out, "even" if i % 2 == 0 else "odd")
    os.makedirs(folder, exist_ok=True)
    photo.resize((500, 375), Image.BILINEAR, box=(left, top, left + width, top + height)).save(os.path.join(folder, f"{i:05}.jpg"), quality=90)
